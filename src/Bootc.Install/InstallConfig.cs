// What an image, or the administrator, wants of installations: bootc-install-config(5).
using System.Text;
using System.Text.Json;
using Bootc.Deployments.Boot;
using Bootc.Ostree;
using Tomlyn;
using Tomlyn.Model;

namespace Bootc.Install;

/// <summary>
/// The table <c>[install]</c> of the files <c>*.toml</c> in <c>bootc/install</c> of <c>/usr/lib</c>, <c>/usr/local/lib</c>, <c>/etc</c>
/// and <c>/run</c>, in the order of their names; of several with one name, the last of these directories has the one that counts.
/// What comes later counts, and kernel arguments add up.
/// </summary>
public sealed record InstallConfig
{
    private const int Limit = 1 << 20;
    private const string Suffix = ".toml";
    private static readonly string[] Folders = ["usr/lib/bootc/install", "usr/local/lib/bootc/install", "etc/bootc/install", "run/bootc/install"];
    private static readonly string[] CommitFolders = ["usr/lib/bootc/install", "usr/local/lib/bootc/install", "usr/etc/bootc/install"];

    /// <summary>The root is a partition as it is.</summary>
    public const string DirectSetup = "direct";

    /// <summary>The type of the root's file system.</summary>
    public string? RootFileSystem { get; init; }

    /// <summary>Kernel arguments.</summary>
    public IReadOnlyList<string> KernelArguments { get; init; } = [];

    /// <summary>Kernel arguments not to have: whole words, or keys for all words with that key.</summary>
    public IReadOnlyList<string> KernelArgumentsToDelete { get; init; } = [];

    /// <summary>How the root of a disk may be set up (<c>block</c>), the default first; <c>direct</c> is the one that is supported.</summary>
    public IReadOnlyList<string>? BlockSetups { get; init; }

    /// <summary>The boot loader.</summary>
    public BootLoaderKind? BootLoader { get; init; }

    /// <summary>Whether updates are refused unless the containers policy asks for a signature.</summary>
    public bool? EnforcesPolicy { get; init; }

    /// <summary>What boot entries other than the default one have besides, as <c>KEY=VALUE;KEY=VALUE</c> (<c>sysroot.bls-append-except-default</c> of ostree.repo-config(5)).</summary>
    public string? AppendExceptDefault { get; init; }

    /// <summary>The stateroot.</summary>
    public string? Stateroot { get; init; }

    /// <summary>How the root is named on the kernel command line; empty for not at all.</summary>
    public string? RootMountSpec { get; init; }

    /// <summary>How a /boot of its own is named; empty for not at all.</summary>
    public string? BootMountSpec { get; init; }

    /// <summary>Whether the root is found by its partition's type, so that the kernel command line does not name it.</summary>
    public bool? DiscoverablePartitions { get; init; }

    /// <summary>Reads the files below a root directory.</summary>
    /// <exception cref="InstallException">One is malformed; it and the fault are named.</exception>
    public static InstallConfig Load(string root)
    {
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string folder in Folders.Select(folder => Path.Combine(root, folder)).Where(Directory.Exists))
        {
            foreach (string path in Directory.EnumerateFiles(folder, "*" + Suffix))
            {
                files[Path.GetFileName(path)] = path; // in /etc it replaces that of the same name in /usr
            }
        }

        return files.Values.Aggregate(new InstallConfig(), (config, path) => config.MergedWith(Parse(File.ReadAllText(path), path)));
    }

    /// <summary>Reads the files of an image.</summary>
    /// <exception cref="InstallException">One is malformed; it and the fault are named.</exception>
    public static InstallConfig Load(CommitTree tree)
    {
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string folder in CommitFolders)
        {
            foreach (string name in (tree.TryGetDirectory(folder)?.Files ?? []).Select(file => file.Name).Where(name => name.EndsWith(Suffix, StringComparison.Ordinal)))
            {
                files[name] = $"{folder}/{name}";
            }
        }

        return files.Values.Aggregate(new InstallConfig(), (config, path) => config.MergedWith(Parse(Encoding.UTF8.GetString(tree.TryReadFile(path, Limit) ?? []), "/" + path)));
    }

    /// <summary>This, changed by what another says.</summary>
    public InstallConfig MergedWith(InstallConfig later) => new()
    {
        RootFileSystem = later.RootFileSystem ?? RootFileSystem,
        KernelArguments = [.. KernelArguments, .. later.KernelArguments],
        KernelArgumentsToDelete = [.. KernelArgumentsToDelete, .. later.KernelArgumentsToDelete],
        BlockSetups = later.BlockSetups ?? BlockSetups,
        BootLoader = later.BootLoader ?? BootLoader,
        AppendExceptDefault = later.AppendExceptDefault ?? AppendExceptDefault,
        EnforcesPolicy = later.EnforcesPolicy ?? EnforcesPolicy,
        Stateroot = later.Stateroot ?? Stateroot,
        RootMountSpec = later.RootMountSpec ?? RootMountSpec,
        BootMountSpec = later.BootMountSpec ?? BootMountSpec,
        DiscoverablePartitions = later.DiscoverablePartitions ?? DiscoverablePartitions,
    };

    /// <summary>The settings as bootc prints them: all, or all but those that every way to install takes care of itself.</summary>
    public string ToJson(bool all) => JsonSerializer.Serialize(
        new InstallConfigDocument
        {
            Block = BlockSetups ?? [DirectSetup],
            BootMountSpec = BootMountSpec,
            BootLoader = BootLoader switch { BootLoaderKind.Grub => "grub", BootLoaderKind.SystemdBoot => "systemd", BootLoaderKind.None => "none", _ => null },
            DiscoverablePartitions = DiscoverablePartitions,
            EnforceContainerSigpolicy = EnforcesPolicy,
            FileSystem = RootFileSystem is { } type ? new InstallFileSystems(new InstallFileSystem(type)) : null,
            KargDeletes = all && KernelArgumentsToDelete.Count > 0 ? KernelArgumentsToDelete : null,
            Kargs = all && KernelArguments.Count > 0 ? KernelArguments : null,
            Ostree = AppendExceptDefault is { } append ? new InstallOstree(append) : null,
            RootFsType = RootFileSystem,
            RootMountSpec = RootMountSpec,
            Stateroot = Stateroot,
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
            KernelArgumentsToDelete = GetStrings(install, "karg-deletes", path) ?? [],
            BlockSetups = GetStrings(install, "block", path),
            BootLoader = Get<string>(install, "bootloader", path) switch
            {
                null => null,
                "grub" => BootLoaderKind.Grub,
                "systemd" => BootLoaderKind.SystemdBoot,
                "none" => BootLoaderKind.None,
                string other => throw new InstallException($"{path}: bootloader is '{other}', none of grub, systemd and none"),
            },
            AppendExceptDefault = Get<TomlTable>(install, "ostree", path) is { } ostree ? Get<string>(ostree, "bls-append-except-default", path) : null,
            EnforcesPolicy = GetBoolean(install, "enforce-container-sigpolicy", path),
            Stateroot = Get<string>(install, "stateroot", path),
            RootMountSpec = Get<string>(install, "root-mount-spec", path),
            BootMountSpec = Get<string>(install, "boot-mount-spec", path),
            DiscoverablePartitions = GetBoolean(install, "discoverable-partitions", path),
        };
    }

    private static T? Get<T>(TomlTable table, string key, string path)
        where T : class => !table.TryGetValue(key, out object? value) ? null
            : value as T ?? throw new InstallException($"{path}: {key} is no {(typeof(T) == typeof(string) ? "string" : "table")}");

    private static bool? GetBoolean(TomlTable table, string key, string path) =>
        !table.TryGetValue(key, out object? value) ? null : value as bool? ?? throw new InstallException($"{path}: {key} is neither true nor false");

    private static List<string>? GetStrings(TomlTable table, string key, string path) => !table.TryGetValue(key, out object? value) ? null
        : value is TomlArray array && array.All(item => item is string)
            ? [.. array.Cast<string>()]
            : throw new InstallException($"{path}: {key} is no list of strings");
}
