// Source-generated reading of installation settings.
using Tomlyn.Model;
using Tomlyn.Serialization;

namespace Bootc.Install;

[TomlSerializable(typeof(TomlTable))]
internal sealed partial class InstallToml : TomlSerializerContext;
