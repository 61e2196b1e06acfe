// Which versions of packages are security fixes, by what repositories publish of their updates.
using System.Xml;
using Bootc.Import.Packages;
using Bootc.Oci;
using Bootc.Oci.Layers;

namespace Bootc.Layering.Rpm;

/// <summary>
/// Reads lists of updates (<c>updateinfo.xml</c>): each <c>update</c> of the type <c>security</c> names, in collections, the
/// packages that repair something, by <c>name</c>, <c>epoch</c>, <c>version</c>, <c>release</c> and <c>arch</c>.
/// </summary>
internal static class SecurityAdvisories
{
    private const string ListName = "updateinfo.xml";

    // What the runtime does not decompress, an image that has such lists does.
    private static readonly (byte[] Magic, string Program)[] Others = [([0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0], "xz"), ([(byte)'B', (byte)'Z', (byte)'h'], "bzip2")];

    /// <summary>Those of the packages that repair what the ones before them do not.</summary>
    /// <param name="cache">The path of dnf's cache.</param>
    /// <param name="packages">The packages with the versions that they would have, and those that are there, if any.</param>
    /// <param name="root">The path of a root with the image's programs.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="LayeringException">A list is damaged.</exception>
    public static HashSet<Package> Find(string cache, IReadOnlyList<(Package? Before, Package After)> packages, string root, CancellationToken cancellation)
    {
        var found = new HashSet<Package>();
        ILookup<(string, string), (Package? Before, Package After)> wanted = packages.ToLookup(package => (package.After.Name, package.After.Architecture));
        foreach (string file in packages.Count == 0 || !Directory.Exists(cache) ? [] : FindFiles(cache))
        {
            try
            {
                using Stream list = Open(file, root, cancellation);
                Read(list, wanted, found);
            }
            catch (Exception e) when (e is XmlException or OciException or IOException)
            {
                throw new LayeringException($"the list of updates {file} cannot be read: {e.Message}", e);
            }
        }

        return found;
    }

    /// <summary>Reads one list.</summary>
    /// <exception cref="XmlException">It is malformed.</exception>
    internal static void Read(Stream list, ILookup<(string, string), (Package? Before, Package After)> wanted, HashSet<Package> found)
    {
        bool isSecurity = false;
        bool isOfModule = false;
        using var reader = XmlReader.Create(list, new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit });
        while (reader.Read())
        {
            if (reader.NodeType != XmlNodeType.Element)
            {
                continue;
            }

            switch (reader.LocalName)
            {
                case "update":
                    isSecurity = reader.GetAttribute("type") == "security";
                    break;
                case "collection":
                    isOfModule = false;
                    break;
                case "module":
                    isOfModule = true;
                    break;
                case "package" when isSecurity:
                    string repaired = $"{reader.GetAttribute("epoch") ?? "0"}:{reader.GetAttribute("version")}-{reader.GetAttribute("release")}";
                    found.UnionWith(wanted[(reader.GetAttribute("name") ?? "", reader.GetAttribute("arch") ?? "")]
                        .Where(package => Repairs(package.Before, package.After, repaired, isOfModule))
                        .Select(package => package.After));
                    break;
            }
        }
    }

    // Later versions have the fix too, but for those of another stream of a module.
    private static bool Repairs(Package? before, Package after, string repaired, bool isOfModule)
    {
        int order = RpmVersion.Compare(repaired, after.Version);
        return order == 0 || (order < 0 && !isOfModule && before is { } old && RpmVersion.Compare(old.Version, repaired) < 0);
    }

    private static IEnumerable<string> FindFiles(string cache) => Directory.EnumerateDirectories(cache)
        .Select(folder => Path.Combine(folder, "repodata"))
        .Where(Directory.Exists)
        .SelectMany(folder => Directory.EnumerateFiles(folder).Where(file => Path.GetFileName(file).Contains(ListName, StringComparison.Ordinal) && !file.EndsWith(".zck", StringComparison.Ordinal)))
        .Order(StringComparer.Ordinal);

    private static Stream Open(string file, string root, CancellationToken cancellation)
    {
        Span<byte> head = stackalloc byte[6];
        FileStream stream = File.OpenRead(file);
        int length = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        stream.Position = 0;
        foreach ((byte[] magic, string program) in Others)
        {
            if (head[..length].StartsWith(magic))
            {
                stream.Dispose();
                return Decompress(file, program, root, cancellation);
            }
        }

        return LayerStream.OpenTar(stream, null, file, cancellation);
    }

    private static MemoryStream Decompress(string file, string program, string root, CancellationToken cancellation)
    {
        const string shown = "/run/list";
        SandboxResult result = Sandbox.ReadOnly(root).Show(file, shown).Run([program, "-dc", shown], cancellation);
        return result.ExitCode == 0
            ? new MemoryStream(System.Text.Encoding.UTF8.GetBytes(result.Output))
            : throw new LayeringException($"the list of updates {file} cannot be decompressed; {program} said: {result.Tail}");
    }
}
