// Source-generated reading of registries.conf.
using Tomlyn.Model;
using Tomlyn.Serialization;

namespace Bootc.Oci.Registry;

[TomlSerializable(typeof(TomlTable))]
internal sealed partial class RegistriesToml : TomlSerializerContext;
