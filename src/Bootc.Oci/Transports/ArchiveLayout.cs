// An image's files in a tar file, read where they stand.
using System.Formats.Tar;
using Bootc.Oci.Layers;

namespace Bootc.Oci.Transports;

internal sealed class ArchiveLayout : IImageLayout
{
    private const int MaximumEntries = 100_000;
    private readonly Dictionary<string, (long Offset, long Size)> _files = [];
    private readonly Dictionary<string, string> _links = [];
    private readonly string _tar;
    private FileStream? _decompressed;

    public ArchiveLayout(string path)
    {
        Path = path;
        _tar = path;
        try
        {
            _tar = Decompress() ?? path;
            Index();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ImageNotFoundException($"there is no image archive {path}", e);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or FormatException or ZstdSharp.ZstdException)
        {
            Dispose();
            throw new ManifestException($"{path} is no tar file, or a damaged one: {e.Message}", e);
        }
    }

    public string Path { get; }

    public (Stream Content, long Size)? TryOpen(string name)
    {
        for (int hops = 0; _links.TryGetValue(name, out string? target) && hops < 10; hops++)
        {
            name = target;
        }

        return _files.TryGetValue(name, out var file) ? (new FileSlice(_tar, file.Offset, file.Size), file.Size) : null;
    }

    public void Dispose() => _decompressed?.Dispose();

    // A compressed archive cannot be read in any order: what is in it goes to a file that has no name.
    private string? Decompress()
    {
        using FileStream archive = File.OpenRead(Path);
        byte[] head = new byte[4];
        int count = archive.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        archive.Position = 0;
        using Stream content = LayerStream.Decompress(archive, head.AsSpan(0, count));
        if (ReferenceEquals(content, archive))
        {
            return null;
        }

        string temporary = System.IO.Path.GetTempFileName();
        _decompressed = new FileStream(temporary, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        File.Delete(temporary);
        content.CopyTo(_decompressed, 256 * 1024);
        return $"/proc/self/fd/{_decompressed.SafeFileHandle.DangerousGetHandle()}";
    }

    private void Index()
    {
        using FileStream archive = File.OpenRead(_tar);
        using var reader = new TarReader(archive);
        while (reader.GetNextEntry() is { } entry)
        {
            string name = Normalize(entry.Name);
            if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile)
            {
                _files[name] = (entry.DataOffset, entry.Length);
                if (entry.DataOffset + entry.Length > archive.Length)
                {
                    throw new InvalidDataException($"it ends within '{name}'");
                }
            }
            else if (entry.EntryType is TarEntryType.SymbolicLink or TarEntryType.HardLink)
            {
                // docker save links layers that are the same: "../<id>/layer.tar" beside the link.
                string directory = entry.EntryType == TarEntryType.HardLink || !name.Contains('/') ? "" : name[..(name.LastIndexOf('/') + 1)];
                _links[name] = Normalize(directory + entry.LinkName);
            }

            if (_files.Count + _links.Count > MaximumEntries)
            {
                throw new InvalidDataException($"it has more than {MaximumEntries} files");
            }
        }
    }

    private static string Normalize(string name)
    {
        var parts = new List<string>();
        foreach (string part in name.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == "..")
            {
                parts.RemoveRange(Math.Max(0, parts.Count - 1), Math.Min(1, parts.Count));
            }
            else if (part != ".")
            {
                parts.Add(part);
            }
        }

        return string.Join('/', parts);
    }
}
