// The settings of dnf that say where packages come from, as far as one can tell without dnf.
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using Bootc.Ostree;

namespace Bootc.Layering.Rpm;

/// <summary>
/// Reads repository files, overrides and variables (dnf5.conf(5)) of the host's <c>/etc</c> and of the image. Where
/// anything is out of the ordinary, it says so instead of guessing.
/// </summary>
internal sealed partial class DnfSettings
{
    private const string Main = "main";
    private const long MaximumSize = 1024 * 1024;
    private const string ImageRepositories = "usr/share/dnf5/repos.d";
    private const string ImageOverrides = "usr/share/dnf5/repos.override.d";
    private const string ImageSettings = "usr/share/dnf5/libdnf.conf.d";
    private const string ImageVariables = "usr/share/dnf5/vars.d";

    // How repositories are reached otherwise than anybody reaches them, or where else settings are.
    private static readonly string[] OwnWays =
    [
        "proxy", "proxy_username", "proxy_password", "proxy_sslcacert", "proxy_sslclientcert", "username", "password", "sslcacert", "sslclientcert", "sslclientkey", "sslverify",
        "interface", "ip_resolve", "reposdir", "varsdir", "cachedir", "system_cachedir", "releasever", "arch", "basearch", "includeconf",
    ];

    private readonly string _etc;
    private readonly CommitTree _image;

    private DnfSettings(string etc, CommitTree image)
    {
        _etc = etc;
        _image = image;
    }

    /// <summary>The enabled repositories, with all variables filled in; <see langword="null"/> where that is not plain.</summary>
    /// <param name="etc">The path of the host's <c>/etc</c>.</param>
    /// <param name="image">The image.</param>
    /// <param name="isKnown">Whether the cache has a repository: of several values that a variable may have, the one counts of which dnf has fetched something.</param>
    public static IReadOnlyList<DnfRepository>? TryReadRepositories(string etc, CommitTree image, Predicate<DnfRepository> isKnown)
    {
        var settings = new DnfSettings(etc, image);
        return settings.TryReadSections() is { } sections ? settings.TryResolve(sections, isKnown) : null;
    }

    private List<DnfRepository>? TryResolve(Dictionary<string, Dictionary<string, string>> sections, Predicate<DnfRepository> isKnown)
    {
        var repositories = new List<DnfRepository>();
        Dictionary<string, string>[] variables = ReadVariables();
        foreach ((string id, Dictionary<string, string> options) in sections)
        {
            if (TryReadSwitch(options.GetValueOrDefault("enabled") ?? "1") is not { } isEnabled || (isEnabled && OwnWays.Any(options.ContainsKey)))
            {
                return null;
            }

            if (!isEnabled)
            {
                continue;
            }

            if (TryReadPlace(id, options) is not { } written)
            {
                return null;
            }

            DnfRepository[] known = [.. variables.Select(values => written with { Place = Fill(written.Place, values) }).Distinct().Where(candidate => !candidate.Place.Contains('$') && isKnown(candidate))];
            if (known is not [var repository])
            {
                return null;
            }

            repositories.Add(repository);
        }

        return repositories;
    }

    private Dictionary<string, Dictionary<string, string>>? TryReadSections()
    {
        var sections = new Dictionary<string, Dictionary<string, string>>();
        string[] main = [.. ReadEtc("dnf", "dnf.conf"), .. ReadEtc("dnf/libdnf5.conf.d", ".conf"), .. ReadImage(ImageSettings, ".conf")];
        if (main.SelectMany(Parse).Any(section => section.Name != Main || OwnWays.Any(section.Options.ContainsKey)))
        {
            return null;
        }

        string[] files = [.. DnfRepositories.Folders.SelectMany(folder => ReadEtc(folder, ".repo")), .. ReadImage(ImageRepositories, ".repo")];
        if (files.SelectMany(Parse).Any(section => section.Name is Main or "" || !sections.TryAdd(section.Name, section.Options)))
        {
            return null;
        }

        string[] overrides = [.. ReadEtc("dnf/repos.override.d", ".repo"), .. ReadImage(ImageOverrides, ".repo")];
        foreach ((string name, Dictionary<string, string> options) in overrides.SelectMany(Parse))
        {
            if (name.AsSpan().ContainsAny('*', '?', '['))
            {
                return null;
            }

            foreach ((string key, string value) in sections.TryGetValue(name, out Dictionary<string, string>? overridden) ? options : [])
            {
                overridden![key] = value;
            }
        }

        return sections;
    }

    private static DnfRepository? TryReadPlace(string id, Dictionary<string, string> options)
    {
        (DnfPlaceKind Kind, string Key)[] kinds = [(DnfPlaceKind.Metalink, "metalink"), (DnfPlaceKind.MirrorList, "mirrorlist"), (DnfPlaceKind.Base, "baseurl")];
        foreach ((DnfPlaceKind kind, string key) in kinds)
        {
            if (options.GetValueOrDefault(key)?.Split((char[])[' ', ',', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries) is [var place, ..])
            {
                bool isUsual = place.StartsWith("https://", StringComparison.Ordinal) || place.StartsWith("http://", StringComparison.Ordinal) || (kind == DnfPlaceKind.Base && place.StartsWith("file:///", StringComparison.Ordinal));
                return isUsual && !place.Contains('@') ? new DnfRepository(id, kind, place) : null;
            }
        }

        return null;
    }

    // What $releasever stands for is what a package of the image says, which os-release mostly says as well.
    private Dictionary<string, string>[] ReadVariables()
    {
        string machine = RuntimeInformation.OSArchitecture switch
        {
            Architecture.X64 => "x86_64",
            Architecture.Arm64 => "aarch64",
            Architecture.Ppc64le => "ppc64le",
            Architecture.S390x => "s390x",
            Architecture.RiscV64 => "riscv64",
            _ => "$arch",
        };
        var set = new Dictionary<string, string> { ["arch"] = machine, ["basearch"] = machine };
        foreach ((string name, string value) in ReadImageVariables().Concat(ReadEtcVariables()))
        {
            set[name] = value;
        }

        string[] releases = set.TryGetValue("releasever", out string? fixedRelease) ? [fixedRelease] : ReadReleases();
        return [.. releases.DefaultIfEmpty("$releasever").Select(release =>
        {
            string[] parts = release.Split('.', 2);
            return new Dictionary<string, string>(set) { ["releasever"] = release, ["releasever_major"] = parts[0], ["releasever_minor"] = parts.Length > 1 ? parts[1] : "" };
        })];
    }

    private string[] ReadReleases()
    {
        string text = _image.TryReadFile("usr/lib/os-release", MaximumSize) is { } content ? Encoding.UTF8.GetString(content) : "";
        return VersionId().Match(text) is { Success: true } match ? [.. ((string[])[match.Groups[1].Value, match.Groups[1].Value.Split('.')[0]]).Distinct()] : [];
    }

    private IEnumerable<(string Name, string Value)> ReadImageVariables() => (_image.TryGetDirectory(ImageVariables)?.Files ?? [])
        .Select(file => (file.Name, FirstLine(_image.TryReadFile($"{ImageVariables}/{file.Name}", MaximumSize) is { } content ? Encoding.UTF8.GetString(content) : "")));

    private IEnumerable<(string Name, string Value)> ReadEtcVariables()
    {
        string folder = Path.Combine(_etc, "dnf/vars");
        return Directory.Exists(folder) ? Directory.EnumerateFiles(folder).Select(file => (Path.GetFileName(file), FirstLine(File.ReadAllText(file)))) : [];
    }

    private static string FirstLine(string text) => text.Split('\n')[0].Trim();

    private static string Fill(string text, Dictionary<string, string> values) =>
        Variable().Replace(text, match => values.GetValueOrDefault(match.Groups[1].Success ? match.Groups[1].Value : match.Groups[2].Value) ?? match.Value);

    private IEnumerable<string> ReadEtc(string folder, string ending)
    {
        string path = Path.Combine(_etc, folder);
        return Directory.Exists(path) ? Directory.EnumerateFiles(path).Where(file => file.EndsWith(ending, StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(File.ReadAllText) : [];
    }

    private IEnumerable<string> ReadImage(string folder, string ending) => (_image.TryGetDirectory(folder)?.Files ?? [])
        .Where(file => file.Name.EndsWith(ending, StringComparison.Ordinal))
        .Select(file => _image.TryReadFile($"{folder}/{file.Name}", MaximumSize) is { } content ? Encoding.UTF8.GetString(content) : "");

    // Sections of key=value; what is indented goes on with the line above.
    private static IEnumerable<(string Name, Dictionary<string, string> Options)> Parse(string text)
    {
        var sections = new List<(string Name, Dictionary<string, string> Options)>();
        string key = "";
        foreach (string line in text.Split('\n').Select(line => line.TrimEnd()).Where(line => line.Length > 0 && line[0] is not ('#' or ';')))
        {
            if (line[0] == '[')
            {
                sections.Add((line.TrimEnd(']')[1..], []));
                key = "";
                continue;
            }

            if (sections.Count == 0)
            {
                sections.Add(("", []));
            }

            Dictionary<string, string> options = sections[^1].Options;
            int sign = line.IndexOf('=');
            if (char.IsWhiteSpace(line[0]) && key.Length > 0)
            {
                options[key] += $"\n{line.Trim()}";
            }
            else if (sign > 0)
            {
                key = line[..sign].Trim();
                options[key] = line[(sign + 1)..].Trim();
            }
        }

        return sections;
    }

    private static bool? TryReadSwitch(string value) => value.ToLowerInvariant() switch
    {
        "1" or "yes" or "true" or "on" => true,
        "0" or "no" or "false" or "off" => false,
        _ => null,
    };

    [GeneratedRegex(@"\$(?:\{(\w+)\}|(\w+))")]
    private static partial Regex Variable();

    [GeneratedRegex("""^VERSION_ID="?([0-9A-Za-z._-]+)"?\s*$""", RegexOptions.Multiline)]
    private static partial Regex VersionId();
}
