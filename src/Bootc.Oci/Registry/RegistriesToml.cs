// Source-generated reading of the TOML files of container tools: registries.conf, storage.conf.
using Tomlyn;
using Tomlyn.Model;
using Tomlyn.Serialization;

namespace Bootc.Oci.Registry;

[TomlSerializable(typeof(TomlTable))]
internal sealed partial class RegistriesToml : TomlSerializerContext
{
    /// <summary>Reads a file.</summary>
    /// <exception cref="OciException">It is no TOML; it and the fault are named.</exception>
    public static TomlTable Read(string path)
    {
        try
        {
            return TomlSerializer.Deserialize(File.ReadAllText(path), Default.TomlTable) ?? [];
        }
        catch (TomlException e)
        {
            throw new OciException($"{path} is malformed: {e.Message}", e);
        }
    }
}
