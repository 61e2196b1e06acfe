// Kernels and what they load at the start: made anew when packages change what they are made of.
using Bootc.Linux;

namespace Bootc.Layering;

/// <summary>
/// Moves a kernel that a package put into <c>/boot</c> to where images have it, takes away the one before, and has dracut make
/// the initramfs again when something that goes into it has changed.
/// </summary>
internal sealed class KernelFiles(LayerRoot root, Sandbox sandbox)
{
    // The sandbox lets nobody make device nodes, which the kernel has anyway, nor set attributes that an initramfs cannot hold.
    private readonly Sandbox _sandbox = sandbox.Copy().Set("DRACUT_NO_MKNOD", "1").Set("DRACUT_NO_XATTR", "1");

    private const string Modules = "usr/lib/modules";

    private static readonly string[] RelevantFolders =
    [
        Modules, "usr/lib/dracut", "usr/lib/modprobe.d", "usr/lib/modules-load.d", "usr/lib/firmware",
        "usr/etc/dracut.conf.d", "usr/etc/modprobe.d", "usr/etc/modules-load.d",
    ];

    /// <summary>Does what is needed.</summary>
    /// <returns>Whether an initramfs was made.</returns>
    /// <exception cref="LayeringException">dracut is missing, or failed.</exception>
    public bool Update(CancellationToken cancellation)
    {
        string? added = MoveNewKernel();
        if (added is null && !IsRelevant())
        {
            return false;
        }

        foreach (string version in added is null ? ListKernels() : [added])
        {
            Run(cancellation, "depmod", version);
            Run(cancellation, "dracut", "--force", "--no-hostonly", "--reproducible", "--kver", version, $"/{Modules}/{version}/initramfs.img");
        }

        return true;
    }

    private string[] ListKernels() => [.. (Directory.Exists($"{root.Path}/{Modules}") ? Directory.EnumerateDirectories($"{root.Path}/{Modules}") : [])
        .Where(folder => File.Exists($"{folder}/vmlinuz"))
        .Select(folder => Path.GetFileName(folder))
        .Order(StringComparer.Ordinal)];

    // An image has one kernel to boot: a new one takes the place of the old one, whose modules stay its package's.
    private string? MoveNewKernel()
    {
        string boot = $"{root.Path}/boot";
        string[] added = [.. (Directory.Exists(boot) ? Directory.EnumerateFiles(boot, "vmlinuz-*") : [])
            .Select(file => Path.GetFileName(file)["vmlinuz-".Length..])
            .Where(version => Directory.Exists($"{root.Path}/{Modules}/{version}"))
            .Union(FindInModules())
            .Order(StringComparer.Ordinal)];
        if (added.Length == 0)
        {
            return null;
        }

        if (added.Length > 1)
        {
            throw new LayeringException($"the packages bring several kernels ({string.Join(", ", added)}), and a host boots one: install one of them");
        }

        foreach (string old in ListKernels().Except(added))
        {
            File.Delete($"{root.Path}/{Modules}/{old}/vmlinuz");
            File.Delete($"{root.Path}/{Modules}/{old}/initramfs.img");
        }

        if (File.Exists($"{boot}/vmlinuz-{added[0]}"))
        {
            File.Copy($"{boot}/vmlinuz-{added[0]}", $"{root.Path}/{Modules}/{added[0]}/vmlinuz", overwrite: true);
        }

        return added[0];
    }

    // RPM packages have their kernels where images have them.
    private IEnumerable<string> FindInModules() => ListKernels().Where(version => File.Exists($"{root.Upper}/{Modules}/{version}/vmlinuz"));

    private bool IsRelevant()
    {
        using DirectoryHandle upper = DirectoryHandle.Open(root.Upper);
        return RelevantFolders.Any(folder => HasFile(upper, folder));
    }

    // Directories are copied up when something below them is looked for to be locked; files and removals count.
    private static bool HasFile(DirectoryHandle upper, string folder)
    {
        using DirectoryHandle? directory = upper.TryOpenDirectory(folder);
        return directory is not null && HasFile(directory);
    }

    private static bool HasFile(DirectoryHandle directory)
    {
        foreach (DirectoryEntry entry in directory.List())
        {
            if (entry.Kind != FileKind.Directory)
            {
                return true;
            }

            using DirectoryHandle below = directory.OpenDirectory(entry.Name);
            if (HasFile(below))
            {
                return true;
            }
        }

        return false;
    }

    private void Run(CancellationToken cancellation, params string[] command)
    {
        SandboxResult result = _sandbox.Run(command, cancellation);
        if (result.ExitCode != 0)
        {
            throw new LayeringException($"the initramfs could not be made anew; {command[0]} said:\n{result.Tail}");
        }
    }
}
