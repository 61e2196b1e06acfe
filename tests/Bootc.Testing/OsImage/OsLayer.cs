// A layer of an image for tests: entries in the order in which they are added.
using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

namespace Bootc.Testing;

/// <summary>A layer, made of tar entries in PAX format with the time 0, owned by root unless said otherwise.</summary>
public sealed class OsLayer
{
    private readonly List<TarEntry> _entries = [];

    /// <summary>Whether the blob is compressed with gzip.</summary>
    public bool IsCompressed { get; set; } = true;

    public OsLayer Directory(string path, int mode = 0x1ED, int uid = 0, int gid = 0, IReadOnlyDictionary<string, string>? attributes = null) =>
        Add(Entry(TarEntryType.Directory, path, mode, uid, gid, attributes));

    public OsLayer File(string path, string content, int mode = 0x1A4, int uid = 0, int gid = 0, IReadOnlyDictionary<string, string>? attributes = null) =>
        File(path, Encoding.UTF8.GetBytes(content), mode, uid, gid, attributes);

    /// <param name="attributes">Extended attributes by name; values as UTF-8 text.</param>
    public OsLayer File(string path, byte[] content, int mode = 0x1A4, int uid = 0, int gid = 0, IReadOnlyDictionary<string, string>? attributes = null)
    {
        PaxTarEntry entry = Entry(TarEntryType.RegularFile, path, mode, uid, gid, attributes);
        entry.DataStream = new MemoryStream(content);
        return Add(entry);
    }

    public OsLayer SymbolicLink(string path, string target)
    {
        PaxTarEntry entry = Entry(TarEntryType.SymbolicLink, path, 0x1FF);
        entry.LinkName = target;
        return Add(entry);
    }

    public OsLayer HardLink(string path, string target)
    {
        PaxTarEntry entry = Entry(TarEntryType.HardLink, path, 0x1A4);
        entry.LinkName = target;
        return Add(entry);
    }

    /// <summary>Removes what the layers below have at a path.</summary>
    public OsLayer Whiteout(string path)
    {
        int slash = path.LastIndexOf('/') + 1;
        return File($"{path[..slash]}.wh.{path[slash..]}", "");
    }

    /// <summary>Removes all that the layers below have in a directory.</summary>
    public OsLayer OpaqueWhiteout(string directory) => File($"{directory}/.wh..wh..opq", "");

    /// <summary>Adds an entry as it is, for what the other methods do not make.</summary>
    public OsLayer Add(TarEntry entry)
    {
        _entries.Add(entry);
        return this;
    }

    /// <summary>The layer, uncompressed.</summary>
    public byte[] ToTar()
    {
        var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (TarEntry entry in _entries)
            {
                entry.DataStream?.Seek(0, SeekOrigin.Begin);
                writer.WriteEntry(entry);
            }
        }

        return tar.ToArray();
    }

    internal byte[] Compress(byte[] tar)
    {
        if (!IsCompressed)
        {
            return tar;
        }

        var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest))
        {
            gzip.Write(tar);
        }

        return compressed.ToArray();
    }

    private static PaxTarEntry Entry(TarEntryType type, string path, int mode, int uid = 0, int gid = 0, IReadOnlyDictionary<string, string>? attributes = null) =>
        new(type, path, (attributes ?? new Dictionary<string, string>()).ToDictionary(attribute => "SCHILY.xattr." + attribute.Key, attribute => attribute.Value))
        {
            Mode = (UnixFileMode)mode,
            Uid = uid,
            Gid = gid,
            ModificationTime = DateTimeOffset.UnixEpoch,
        };
}
