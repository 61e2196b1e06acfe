// Which images an OS image binds.
using System.Text;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Deployments.Bound;

/// <summary>
/// Reads <c>/usr/lib/bootc/bound-images.d</c> of a commit: symbolic links to files of podman's quadlet (podman-systemd.unit(5)), of which
/// <c>.image</c> files name an image in <c>Image=</c> of <c>[Image]</c>, and <c>.container</c> files in that of <c>[Container]</c>.
/// </summary>
public static class BoundImages
{
    /// <summary>The folder.</summary>
    public const string Folder = "usr/lib/bootc/bound-images.d";

    private const long Limit = 1 << 20;

    /// <summary>The images that a commit binds, in the order of the files' names; each is there once.</summary>
    /// <exception cref="BoundImageException">A file is no link to a file that names an image, or asks for what is not supported.</exception>
    public static IReadOnlyList<BoundImage> Read(Repository repository, Checksum commit)
    {
        CommitTree tree = repository.OpenTree(commit);
        if (tree.TryGetDirectory(Folder) is not { } folder)
        {
            return [];
        }

        if (folder.Directories.Select(directory => directory.Name).FirstOrDefault() is { } directory)
        {
            throw new BoundImageException($"/{Folder}/{directory} is a directory, not a symbolic link to a file of quadlet");
        }

        return [.. folder.Files.OrderBy(file => file.Name, StringComparer.Ordinal).Select(file => Read(repository, tree, file)).DistinctBy(image => image.Image)];
    }

    /// <summary>The images that a deployment binds: those that its commit binds, and those of its origin.</summary>
    /// <exception cref="BoundImageException">A file is no link to a file that names an image, or asks for what is not supported.</exception>
    public static IReadOnlyList<BoundImage> Read(Repository repository, Checksum commit, Origin origin) =>
        [.. Read(repository, commit).Concat(origin.BoundImages.Select(image => new BoundImage(image, "asked for on this host"))).DistinctBy(image => image.Image)];

    /// <summary>Whether a text can be the name of an image that podman fetches.</summary>
    public static bool IsName(string text) => text.Length is > 0 and <= 1024 && !text.StartsWith('-') && !text.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || c is ';' or '%' or '"' or '\\');

    /// <summary>Reads the text of a file of quadlet.</summary>
    /// <param name="text">The text.</param>
    /// <param name="path">Its path, which says what kind of file it is.</param>
    /// <exception cref="BoundImageException">It names no image, or asks for what is not supported.</exception>
    public static BoundImage Parse(string text, string path)
    {
        string section = Path.GetExtension(path) switch
        {
            ".image" => "Image",
            ".container" => "Container",
            _ => throw new BoundImageException($"{path} is neither an .image nor a .container file"),
        };
        Dictionary<string, string> values = ReadSection(text, section);
        if (section == "Image" && values.ContainsKey("AuthFile"))
        {
            throw new BoundImageException($"{path} has AuthFile, which is not supported for bound images: the host's own credentials are used");
        }

        return values.GetValueOrDefault("Image") is { Length: > 0 } image
            ? new BoundImage(Unescape(image, path), path)
            : throw new BoundImageException($"{path} has no Image in [{section}]");
    }

    private static BoundImage Read(Repository repository, CommitTree tree, DirTreeFile file)
    {
        string path = $"{Folder}/{file.Name}";
        FileHeader header = repository.LoadFileHeader(file.File).Header;
        if (!header.IsSymbolicLink)
        {
            throw new BoundImageException($"/{path} is no symbolic link to a file of quadlet");
        }

        // In a commit /etc is /usr/etc.
        byte[] content = tree.TryReadFile(path, Limit)
            ?? (header.LinkTarget.StartsWith("/etc/", StringComparison.Ordinal) ? tree.TryReadFile("usr" + header.LinkTarget, Limit) : null)
            ?? throw new BoundImageException($"/{path} leads to {header.LinkTarget}, which is not in the image");
        return Parse(Encoding.UTF8.GetString(content), $"/{path}");
    }

    // As systemd reads units: the last value of a key counts, and a line that ends with a backslash goes on in the next.
    private static Dictionary<string, string> ReadSection(string text, string wanted)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        string section = "", rest = "";
        foreach (string raw in text.Split('\n'))
        {
            string line = raw.Trim();
            if (line.StartsWith('#') || line.StartsWith(';'))
            {
                continue;
            }

            line = rest + line;
            rest = "";
            if (line.EndsWith('\\'))
            {
                rest = line[..^1] + " ";
            }
            else if (line.StartsWith('[') && line.EndsWith(']'))
            {
                section = line[1..^1];
            }
            else if (section == wanted && line.IndexOf('=') is > 0 and var equals)
            {
                values[line[..equals].TrimEnd()] = line[(equals + 1)..].Trim();
            }
        }

        return values;
    }

    private static string Unescape(string value, string path)
    {
        string plain = value.Replace("%%", "", StringComparison.Ordinal);
        if (plain.Contains('%'))
        {
            throw new BoundImageException($"{path} names the image '{value}': specifiers of systemd are not supported for bound images");
        }

        return value.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)) || value.StartsWith('-')
            ? throw new BoundImageException($"{path} names the image '{value}', which is no name of an image")
            : value.Replace("%%", "%", StringComparison.Ordinal);
    }
}
