// An ostree commit in an image, as ostree-ext encapsulates it, written without any code of the project that is under test.
using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Bootc.Linux;

namespace Bootc.Testing;

/// <summary>
/// The layers of an encapsulated image (format 1 of ostree-ext, crates/ostree-ext/src/tar): the first has the commit and its
/// directories, each further one a part of the files, as objects and as hard links to them. Extended attributes are objects of
/// their own, a regular file, or hard links to one that files share, with either form of target that occurs.
/// Entries can be changed before the image is made.
/// </summary>
public sealed partial class EncapsulatedImage
{
    private const string Objects = "sysroot/ostree/repo/objects/";

    private EncapsulatedImage(string commit) => Commit = commit;

    /// <summary>The commit's checksum.</summary>
    public string Commit { get; }

    /// <summary>The entries of each layer, lowest layer first.</summary>
    public List<List<TarEntry>> Layers { get; } = [];

    /// <summary>Labels besides those that say what the image is.</summary>
    public Dictionary<string, string> Labels { get; } = [];

    /// <summary>Reads a commit from a bare repository that has no other one.</summary>
    /// <param name="repository">The repository, made by ostree.</param>
    /// <param name="commit">The commit's checksum.</param>
    /// <param name="chunks">How many layers of files there are.</param>
    /// <param name="chunkOf">In which of them a path's file is, from 0.</param>
    /// <param name="relativeLinks">Hard links to shared attributes name them as seen from there, which container tools do not unpack.</param>
    public static EncapsulatedImage Read(string repository, string commit, int chunks, Func<string, int> chunkOf, bool relativeLinks = false)
    {
        var image = new EncapsulatedImage(commit);
        using DirectoryHandle objects = DirectoryHandle.Open(Path.Combine(repository, "objects"));
        image.Layers.Add([Directory("."), .. Structure(), Regular($"{Objects}{commit[..2]}/{commit[2..]}.commit", objects.ReadAllBytes($"{commit[..2]}/{commit[2..]}.commit"))]);
        AddMetadata(image.Layers[0], objects);
        image.Layers.AddRange(Enumerable.Range(0, chunks).Select(_ => (List<TarEntry>)[.. Structure()]));
        var written = new Dictionary<string, int>();
        foreach (Match line in Listing().Matches(Oracle.Run("ostree", "ls", $"--repo={repository}", "-R", "-C", commit).Succeeded()))
        {
            string path = line.Groups["path"].Value.TrimStart('/').Split(" -> ")[0];
            if (line.Groups["kind"].Value == "d")
            {
                if (path.Length > 0 && path != "sysroot")
                {
                    image.Layers[0].Add(Directory(InContainers(path)));
                }

                continue;
            }

            string checksum = line.Groups["checksum"].Value;
            if (!written.TryGetValue(checksum, out int chunk))
            {
                written[checksum] = chunk = chunkOf(path);
                AddFile(image.Layers[chunk + 1], objects, checksum, chunk % 2, relativeLinks);
            }

            image.Layers[chunk + 1].Add(new GnuTarEntry(TarEntryType.HardLink, InContainers(path)) { LinkName = $"{Objects}{checksum[..2]}/{checksum[2..]}.file", ModificationTime = DateTimeOffset.UnixEpoch });
        }

        return image;
    }

    /// <summary>The path of an object in the layers.</summary>
    public static string PathOf(string checksum, string extension) => $"{Objects}{checksum[..2]}/{checksum[2..]}.{extension}";

    /// <summary>A regular file owned by root.</summary>
    public static TarEntry Regular(string path, byte[] content, int mode = 0x1A4) => new GnuTarEntry(TarEntryType.RegularFile, path)
    {
        Mode = (UnixFileMode)mode,
        ModificationTime = DateTimeOffset.UnixEpoch,
        DataStream = new MemoryStream(content),
    };

    /// <summary>Serializes extended attributes: an <c>a(ayay)</c> of names with their terminators and values.</summary>
    public static byte[] Serialize(IEnumerable<(string Name, byte[] Value)> attributes)
    {
        byte[][] entries = [.. attributes.Select(attribute =>
        {
            byte[] name = [.. Encoding.UTF8.GetBytes(attribute.Name), 0];
            return WithOffsets([.. name, .. attribute.Value], [name.Length]);
        })];
        int end = 0;
        return entries.Length == 0 ? [] : WithOffsets([.. entries.SelectMany(entry => entry)], [.. entries.Select(entry => end += entry.Length)]);
    }

    /// <summary>The image, to which layers may be added.</summary>
    public OsImage ToImage()
    {
        var image = new OsImage();
        foreach (List<TarEntry> entries in Layers)
        {
            var layer = new OsLayer();
            entries.ForEach(entry => layer.Add(entry));
            image.AddLayer(layer);
        }

        image.Labels["ostree.commit"] = Commit;
        image.Labels["ostree.bootable"] = "true";
        image.Labels["ostree.final-diffid"] = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(image.Layers[^1].ToTar()))}";
        foreach ((string key, string value) in Labels)
        {
            image.Labels[key] = value;
        }

        return image;
    }

    private static IEnumerable<TarEntry> Structure()
    {
        foreach (string path in (string[])["sysroot", "sysroot/ostree", "sysroot/ostree/repo", "sysroot/ostree/repo/objects", .. Enumerable.Range(0, 256).Select(i => $"{Objects}{i:x2}")])
        {
            yield return Directory(path);
        }

        yield return Regular("sysroot/ostree/repo/config", "[core]\nrepo_version=1\nmode=bare-split-xattrs\n"u8.ToArray());
    }

    private static void AddMetadata(List<TarEntry> layer, DirectoryHandle objects)
    {
        foreach (DirectoryEntry prefix in objects.List().OrderBy(prefix => prefix.Name, StringComparer.Ordinal))
        {
            using DirectoryHandle directory = objects.OpenDirectory(prefix.Name);
            foreach (DirectoryEntry entry in directory.List().Where(entry => entry.Name.EndsWith(".dirtree", StringComparison.Ordinal) || entry.Name.EndsWith(".dirmeta", StringComparison.Ordinal)).OrderBy(entry => entry.Name, StringComparer.Ordinal))
            {
                layer.Add(Regular($"{Objects}{prefix.Name}/{entry.Name}", directory.ReadAllBytes(entry.Name)));
            }
        }
    }

    private static void AddFile(List<TarEntry> layer, DirectoryHandle objects, string checksum, int form, bool relativeLinks)
    {
        string path = $"{checksum[..2]}/{checksum[2..]}.file";
        FileStatus status = objects.GetStatus(path);
        byte[] attributes = Serialize(objects.GetExtendedAttributes(path).Select(attribute => (attribute.Name, attribute.Value)).OrderBy(attribute => attribute.Name, StringComparer.Ordinal));
        AddAttributes(layer, checksum, attributes, form, relativeLinks);
        var entry = new GnuTarEntry(status.Kind == FileKind.SymbolicLink ? TarEntryType.SymbolicLink : TarEntryType.RegularFile, Objects + path)
        {
            Mode = (UnixFileMode)(status.Mode & 0xFFF),
            Uid = (int)status.Uid,
            Gid = (int)status.Gid,
            ModificationTime = DateTimeOffset.UnixEpoch,
        };
        if (status.Kind == FileKind.SymbolicLink)
        {
            entry.LinkName = objects.ReadSymbolicLink(path);
        }
        else
        {
            entry.DataStream = new MemoryStream(objects.ReadAllBytes(path));
        }

        layer.Add(entry);
    }

    private static void AddAttributes(List<TarEntry> layer, string checksum, byte[] attributes, int form, bool relativeLinks)
    {
        string link = PathOf(checksum, "file-xattrs-link");
        if (form == 0)
        {
            layer.Add(Regular(link, attributes));
            return;
        }

        string shared = PathOf(Convert.ToHexStringLower(SHA256.HashData(attributes)), "file-xattrs");
        if (!layer.Exists(entry => entry.Name == shared))
        {
            layer.Add(Regular(shared, attributes));
        }

        layer.Add(new GnuTarEntry(TarEntryType.HardLink, link) { LinkName = relativeLinks ? "../" + shared[Objects.Length..] : shared, ModificationTime = DateTimeOffset.UnixEpoch });
    }

    private static GnuTarEntry Directory(string path) => new(TarEntryType.Directory, path) { Mode = (UnixFileMode)0x1ED, ModificationTime = DateTimeOffset.UnixEpoch };

    private static string InContainers(string path) => path == "usr/etc" || path.StartsWith("usr/etc/", StringComparison.Ordinal) ? path[4..] : path;

    // Offsets are as wide as the whole needs (GVariant specification, 2.3.6).
    private static byte[] WithOffsets(byte[] content, int[] ends)
    {
        int width = content.Length + ends.Length <= byte.MaxValue ? 1 : content.Length + (2 * ends.Length) <= ushort.MaxValue ? 2 : 4;
        return [.. content, .. ends.SelectMany(end => BitConverter.GetBytes(end)[..width])];
    }

    [GeneratedRegex(@"^(?<kind>[-dl])\S+ +\d+ +\d+ +\d+ (?<checksum>[0-9a-f]{64})(?: [0-9a-f]{64})? (?<path>/.*)$", RegexOptions.Multiline)]
    private static partial Regex Listing();
}
