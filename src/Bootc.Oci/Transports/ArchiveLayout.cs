// An image's files in a tar file, read where they stand.
using System.Text;
using Bootc.Oci.Layers;
using Bootc.Oci.Layers.Chunked;

namespace Bootc.Oci.Transports;

internal sealed class ArchiveLayout : IImageLayout
{
    private const int MaximumEntries = 100_000;
    private readonly Dictionary<string, (long Offset, long Size)> _files = [];
    private readonly Dictionary<string, string> _links = [];
    private readonly string _tar;
    private FileStream? _decompressed;

    /// <summary>The files of an archive.</summary>
    /// <param name="path">The archive.</param>
    /// <param name="temporary">Where a compressed archive is decompressed to.</param>
    public ArchiveLayout(string path, string temporary)
    {
        Path = path;
        _tar = path;
        try
        {
            _tar = Decompress(temporary) ?? path;
            Index();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ImageNotFoundException($"there is no image archive {path}", e);
        }
        catch (Exception e) when (IsDamage(e))
        {
            Dispose();
            throw Damaged(e);
        }
        catch (IOException e)
        {
            Dispose();
            throw new OciException($"{path} cannot be read, or decompressed to {temporary}: {e.Message}", e);
        }
    }

    private ArchiveLayout(FileStream content, string name)
    {
        Path = name;
        _decompressed = content;
        _tar = UnnamedFile.PathOf(content);
        try
        {
            Index();
        }
        catch (Exception e) when (IsDamage(e))
        {
            Dispose();
            throw Damaged(e);
        }
    }

    /// <summary>The files of an archive that comes as a stream.</summary>
    /// <param name="archive">The archive.</param>
    /// <param name="name">Its name in messages.</param>
    /// <param name="temporary">Where it is copied to, as a file without a name.</param>
    /// <param name="cancellation">Ends the copying.</param>
    /// <exception cref="OciException">It is no archive, or there is no room for it.</exception>
    public static async Task<ArchiveLayout> CopyAsync(Stream archive, string name, string temporary, CancellationToken cancellation)
    {
        FileStream file = UnnamedFile.Create(temporary);
        try
        {
            await archive.CopyToAsync(file, 256 * 1024, cancellation).ConfigureAwait(false);
            return new ArchiveLayout(file, name);
        }
        catch (Exception e)
        {
            file.Dispose();
            if (e is IOException)
            {
                throw new OciException($"{name} cannot be copied to {temporary}: {e.Message}", e);
            }

            throw;
        }
    }

    public string Path { get; }

    public (FileSlice Content, long Size)? TryOpen(string name)
    {
        for (int hops = 0; _links.TryGetValue(name, out string? target) && hops < 10; hops++)
        {
            name = target;
        }

        return _files.TryGetValue(name, out var file) ? (new FileSlice(_tar, file.Offset, file.Size), file.Size) : null;
    }

    public void Dispose() => _decompressed?.Dispose();

    // A compressed archive cannot be read in any order: what is in it goes to a file that has no name.
    private string? Decompress(string directory)
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

        _decompressed = UnnamedFile.Create(directory);
        byte[] buffer = new byte[256 * 1024];
        for (int read; (read = content.Read(buffer)) > 0;)
        {
            if (_decompressed.Length + read > LayerStream.MaximumSize)
            {
                throw new InvalidDataException($"it has more than {LayerStream.MaximumSize} bytes when it is decompressed");
            }

            _decompressed.Write(buffer, 0, read);
        }

        return UnnamedFile.PathOf(_decompressed);
    }

    private static bool IsDamage(Exception e) => e is InvalidDataException or EndOfStreamException or FormatException or ZstdSharp.ZstdException;

    private ManifestException Damaged(Exception e) => new($"{Path} is no tar file, or a damaged one: {e.Message}", e);

    private void Index()
    {
        using FileStream archive = File.OpenRead(_tar);
        var scanner = new TarHeaderScanner(archive);
        while (scanner.Next() is { } header)
        {
            string name = Normalize(header.ShownName);
            if (header.Type == '0')
            {
                _files[name] = (archive.Position, header.Size);
                if (header.Size > archive.Length - archive.Position)
                {
                    throw new InvalidDataException($"it ends within '{name}'");
                }
            }
            else if (header.Type is (byte)'1' or (byte)'2')
            {
                // docker save links layers that are the same: "../<id>/layer.tar" beside the link.
                string directory = header.Type == '1' || !name.Contains('/') ? "" : name[..(name.LastIndexOf('/') + 1)];
                _links[name] = Normalize(directory + Encoding.UTF8.GetString(header.LinkName));
            }

            scanner.SkipContent();
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
