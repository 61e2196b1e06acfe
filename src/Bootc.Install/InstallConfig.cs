// What an image, or the administrator, wants of installations: bootc-install-config(5).
using System.Text.Json;
using Bootc.Deployments.Boot;
using Tomlyn;
using Tomlyn.Model;

namespace Bootc.Install;

/// <summary>
/// The table <c>[install]</c> of the files in <c>/usr/lib/bootc/install</c> and <c>/etc/bootc/install</c>, in the order of
/// their names; what comes later counts, and kernel arguments add up.
/// </summary>
public sealed record InstallConfig
{
    /// <summary>The block setup of a root that is on its partition without anything between.</summary>
    internal const string DirectSetup = "direct";

    /// <summary>The folders, relative to the root.</summary>
    public static IReadOnlyList<string> Folders { get; } = ["usr/lib/bootc/install", "etc/bootc/install"];

    /// <summary>The type of the root's file system.</summary>
    public string? RootFileSystem { get; init; }

    /// <summary>Kernel arguments.</summary>
    public IReadOnlyList<string> KernelArguments { get; init; } = [];

    /// <summary>The stateroot.</summary>
    public string? Stateroot { get; init; }

    /// <summary>How the root is named on the kernel command line; empty for not at all.</summary>
    public string? RootMountSpec { get; init; }

    /// <summary>How a /boot of its own is named; empty for not at all.</summary>
    public string? BootMountSpec { get; init; }

    /// <summary>Whether the root is found by its partition's type, so that the kernel command line does not name it.</summary>
    public bool? DiscoverablePartitions { get; init; }

    /// <summary>Whether updates are refused unless the containers policy asks for a signature and finds it good.</summary>
    public bool? EnforcesSignatures { get; init; }

    /// <summary>What may be between a root and its partition, the best first; <see langword="null"/> for nothing.</summary>
    public IReadOnlyList<string>? BlockSetups { get; init; }

    /// <summary>Reads the files below a root directory.</summary>
    /// <exception cref="InstallException">One is malformed; it and the fault are named.</exception>
    public static InstallConfig Load(string root)
    {
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string folder in Folders.Select(folder => Path.Combine(root, folder)).Where(Directory.Exists))
        {
            foreach (string path in Directory.EnumerateFiles(folder, "*.toml"))
            {
                files[Path.GetFileName(path)] = path; // in /etc it replaces that of the same name in /usr
            }
        }

        return files.Values.Aggregate(new InstallConfig(), (config, path) => config.MergedWith(Parse(File.ReadAllText(path), path)));
    }

    /// <summary>This, changed by what another says.</summary>
    public InstallConfig MergedWith(InstallConfig later) => new()
    {
        RootFileSystem = later.RootFileSystem ?? RootFileSystem,
        KernelArguments = [.. KernelArguments, .. later.KernelArguments],
        Stateroot = later.Stateroot ?? Stateroot,
        RootMountSpec = later.RootMountSpec ?? RootMountSpec,
        BootMountSpec = later.BootMountSpec ?? BootMountSpec,
        DiscoverablePartitions = later.DiscoverablePartitions ?? DiscoverablePartitions,
        EnforcesSignatures = later.EnforcesSignatures ?? EnforcesSignatures,
        BlockSetups = later.BlockSetups ?? BlockSetups,
    };

    /// <summary>The settings as bootc prints them: the type of the root's file system, or all.</summary>
    public string ToJson(bool all) => JsonSerializer.Serialize(
        new InstallConfigDocument
        {
            RootFsType = RootFileSystem,
            Kargs = all ? KernelArguments : null,
            Stateroot = all ? Stateroot : null,
            RootMountSpec = all ? RootMountSpec : null,
            BootMountSpec = all ? BootMountSpec : null,
            DiscoverablePartitions = all ? DiscoverablePartitions : null,
            EnforceContainerSigpolicy = all ? EnforcesSignatures : null,
            Block = all ? BlockSetups : null,
        },
        InstallJson.Default.InstallConfigDocument);

    /// <summary>Reads a file.</summary>
    /// <param name="text">Its content.</param>
    /// <param name="path">Its path, for messages.</param>
    /// <param name="architecture">The architecture that <c>match-architectures</c> is compared with; this machine's unless one is given.</param>
    /// <exception cref="InstallException">It is malformed.</exception>
    public static InstallConfig Parse(string text, string path, string? architecture = null)
    {
        TomlTable document;
        try
        {
            document = TomlSerializer.Deserialize(text, InstallToml.Default.TomlTable) ?? [];
        }
        catch (TomlException e)
        {
            throw new InstallException($"{path} is malformed: {e.Message}", e);
        }

        if (Get<TomlTable>(document, "install", path) is not { } install)
        {
            return new InstallConfig();
        }

        List<string>? architectures = GetStrings(install, "match-architectures", path) ?? GetStrings(install, "match_architectures", path);
        if (architectures?.Contains(architecture ?? ImageKernelArguments.Architecture) == false)
        {
            return new InstallConfig();
        }

        TomlTable? root = Get<TomlTable>(install, "filesystem", path) is { } fileSystem ? Get<TomlTable>(fileSystem, "root", path) : null;
        return new InstallConfig
        {
            RootFileSystem = (root is null ? null : Get<string>(root, "type", path)) ?? Get<string>(install, "root-fs-type", path),
            KernelArguments = GetStrings(install, "kargs", path) ?? [],
            Stateroot = Get<string>(install, "stateroot", path),
            RootMountSpec = Get<string>(install, "root-mount-spec", path),
            BootMountSpec = Get<string>(install, "boot-mount-spec", path),
            DiscoverablePartitions = GetFlag(install, "discoverable-partitions", path),
            EnforcesSignatures = GetFlag(install, "enforce-container-sigpolicy", path),
            BlockSetups = GetStrings(install, "block", path),
        };
    }

    private static bool? GetFlag(TomlTable table, string key, string path) => !table.TryGetValue(key, out object? value) ? null
        : value as bool? ?? throw new InstallException($"{path}: {key} is neither true nor false");

    private static T? Get<T>(TomlTable table, string key, string path)
        where T : class => !table.TryGetValue(key, out object? value) ? null
            : value as T ?? throw new InstallException($"{path}: {key} is no {(typeof(T) == typeof(string) ? "string" : "table")}");

    private static List<string>? GetStrings(TomlTable table, string key, string path) => !table.TryGetValue(key, out object? value) ? null
        : value is TomlArray array && array.All(item => item is string)
            ? [.. array.Cast<string>()]
            : throw new InstallException($"{path}: {key} is no list of strings");
}
