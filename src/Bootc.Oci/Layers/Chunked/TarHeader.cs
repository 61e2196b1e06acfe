// The header of a tar entry, as tables of contents repeat it.
using System.Text;

namespace Bootc.Oci.Layers.Chunked;

/// <summary>An entry's metadata with all extensions applied. Values are those of the fields, whatever the type makes of them.</summary>
internal sealed class TarHeader
{
    /// <summary>The typeflag, <c>0</c> for files of old archives as well.</summary>
    public required byte Type { get; init; }

    /// <summary>The name's bytes.</summary>
    public required byte[] Name { get; init; }

    public required byte[] LinkName { get; init; }

    public required long Mode { get; init; }

    public required long Uid { get; init; }

    public required long Gid { get; init; }

    public required long Size { get; init; }

    public required TarTime Modified { get; init; }

    public TarTime? Accessed { get; init; }

    public TarTime? Changed { get; init; }

    public long DeviceMajor { get; init; }

    public long DeviceMinor { get; init; }

    /// <summary>Extended attributes by name.</summary>
    public required SortedDictionary<string, byte[]> Attributes { get; init; }

    /// <summary>The name for people.</summary>
    public string ShownName => Encoding.UTF8.GetString(Name);
}
