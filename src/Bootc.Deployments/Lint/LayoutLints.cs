// Checks of what is at the top of an image's tree.
using Bootc.Linux;

namespace Bootc.Deployments.Lint;

/// <summary>What a root has to have, and what must not be there.</summary>
internal static class LayoutLints
{
    /// <summary>Where the documentation of an image has an example of the root's layout.</summary>
    public const string BaseImage = "usr/share/doc/bootc/baseimage/base";

    // What container engines make for their own sake, together with the directories above.
    private static readonly string[] MadeByEngines = ["/run/systemd/resolve/stub-resolv.conf", "/run/systemd/resolve", "/run/systemd"];

    public static IReadOnlyList<ImageLint> All { get; } =
    [
        new("api-base-directories", LintSeverity.Fatal, LintRoot.Any, "The directories must be there on which the system mounts file systems (https://systemd.io/API_FILE_SYSTEMS/), and /var, which is one for each host.", CheckMountPoints),
        new("baseimage-root", LintSeverity.Fatal, LintRoot.Any, "There must be a directory /sysroot, on which the physical root is mounted, and a link /ostree to sysroot/ostree.", CheckSysroot),
        new("buildah-injected", LintSeverity.Warning, LintRoot.Alternative, "An empty /etc/hostname or /etc/resolv.conf was most likely left by the engine that built the image.", CheckInjected),
        new("etc-usretc", LintSeverity.Fatal, LintRoot.Any, "An image has its configuration in /etc. /usr/etc is made of it when the image is deployed, and must not be there beside it.", CheckUsrEtc),
        new("nonempty-boot", LintSeverity.Warning, LintRoot.Any, "/boot must be there and be empty: the kernel is in /usr/lib/modules, and what is in /boot of an image is hidden by that of the host.", CheckBoot),
        new("nonempty-run-tmp", LintSeverity.Warning, LintRoot.Any, "/run and /tmp should be empty: on a host they are in memory, and what a build leaves there only takes space.", CheckTemporary),
        new("var-run", LintSeverity.Fatal, LintRoot.Any, "/var/run must be a link to /run. As a directory of its own it is always a mistake.", CheckVarRun),
    ];

    private static IEnumerable<LintFinding> CheckMountPoints(DirectoryHandle root)
    {
        foreach (string name in (string[])["dev", "proc", "run", "sys", "tmp", "var"])
        {
            if (root.TryGetStatus(name) is not { } status)
            {
                yield return new LintFinding($"/{name} is missing");
            }
            else if (status.Kind != FileKind.Directory)
            {
                yield return new LintFinding($"/{name} is no directory");
            }
        }
    }

    private static IEnumerable<LintFinding> CheckSysroot(DirectoryHandle root)
    {
        using DirectoryHandle? example = root.TryOpenDirectory(BaseImage);
        return [.. CheckSysroot(root, ""), .. example is null ? [] : CheckSysroot(example, $"/{BaseImage}")];
    }

    private static IEnumerable<LintFinding> CheckSysroot(DirectoryHandle root, string path)
    {
        const string Target = "sysroot/ostree";
        if (root.TryGetStatus("sysroot") is not { Kind: FileKind.Directory })
        {
            yield return new LintFinding($"{path}/sysroot is no directory, or missing");
        }

        if (root.TryGetStatus("ostree") is not { Kind: FileKind.SymbolicLink })
        {
            yield return new LintFinding($"{path}/ostree is no link to {Target}, or missing");
        }
        else if (root.ReadSymbolicLink("ostree") is var target && target != Target)
        {
            yield return new LintFinding($"{path}/ostree is a link to {ShownName.Of(target)}, not to {Target}");
        }
    }

    private static IEnumerable<LintFinding> CheckInjected(DirectoryHandle root) =>
        ((string[])["etc/hostname", "etc/resolv.conf"])
            .Where(path => root.TryGetStatus(path) is { Kind: FileKind.Regular, Size: 0 })
            .Select(path => new LintFinding($"/{path} is empty, as container engines leave it"));

    private static IEnumerable<LintFinding> CheckUsrEtc(DirectoryHandle root) =>
        root.Exists("etc") && root.Exists("usr/etc") ? [new LintFinding("there is /usr/etc beside /etc")] : [];

    private static IEnumerable<LintFinding> CheckBoot(DirectoryHandle root)
    {
        using DirectoryHandle? boot = root.TryOpenDirectory("boot");
        if (boot is null)
        {
            return [new LintFinding("/boot is missing")];
        }

        // Unified kernels are found where the firmware would look for them.
        string[] names = [.. boot.List().Select(entry => entry.Name).Where(name => name != "EFI").Order(StringComparer.Ordinal).Select(ShownName.Of)];
        return names.Length == 0 ? [] : [new LintFinding("/boot is not empty", names)];
    }

    private static IEnumerable<LintFinding> CheckTemporary(DirectoryHandle root)
    {
        var paths = new List<string>();
        foreach (string name in (string[])["run", "tmp"])
        {
            if (root.TryGetStatus(name) is { Kind: FileKind.Directory } && !RootWalk.IsMountPoint(root, name))
            {
                using DirectoryHandle directory = root.OpenDirectory(name);
                paths.AddRange(RootWalk.Walk(directory, $"/{name}").Where(step => !RootWalk.IsMountPoint(step.Directory, step.Name)).Select(step => step.Path));
            }
        }

        foreach (string made in MadeByEngines)
        {
            if (!paths.Exists(path => path.StartsWith($"{made}/", StringComparison.Ordinal)))
            {
                paths.Remove(made);
            }
        }

        return paths.Count == 0 ? [] : [new LintFinding("there is something in /run or /tmp", [.. paths.Select(ShownName.Of)])];
    }

    private static IEnumerable<LintFinding> CheckVarRun(DirectoryHandle root) =>
        root.TryGetStatus("var/run") is { Kind: not FileKind.SymbolicLink } ? [new LintFinding("/var/run is no link")] : [];
}
