// Kernels and what they load at the start: made anew when packages change what they are made of.
using Bootc.Deployments;
using Bootc.Linux;

namespace Bootc.Layering;

/// <summary>
/// Moves a kernel that a package put into <c>/boot</c> to where images have it, takes away the one before, and has dracut make
/// the initramfs again when something that goes into it has changed.
/// </summary>
internal sealed class KernelFiles
{
    private const string Modules = "usr/lib/modules";

    private static readonly string[] RelevantFolders =
    [
        Modules, "usr/lib/dracut", "usr/lib/modprobe.d", "usr/lib/modules-load.d", "usr/lib/firmware",
        "usr/etc/dracut.conf.d", "usr/etc/modprobe.d", "usr/etc/modules-load.d",
    ];

    private readonly LayerRoot _root;
    private readonly InitramfsWish _wish;
    private readonly string? _etc;
    private readonly Sandbox _sandbox;

    /// <param name="root">The root.</param>
    /// <param name="sandbox">A sandbox over it.</param>
    /// <param name="wish">What the host wants of its initramfs.</param>
    /// <param name="etc">The path of the host's <c>/etc</c>, if it has one yet.</param>
    public KernelFiles(LayerRoot root, Sandbox sandbox, InitramfsWish wish, string? etc)
    {
        _root = root;
        _wish = wish;
        _etc = etc;

        // The sandbox lets nobody make device nodes, which the kernel has anyway, nor set attributes that an initramfs cannot hold.
        _sandbox = sandbox.Copy().Set("DRACUT_NO_MKNOD", "1").Set("DRACUT_NO_XATTR", "1");
        if (wish.Regenerate && etc is not null)
        {
            _sandbox.Show(etc, "/etc"); // who asks for an initramfs of the host's own wants it to follow the host's settings
        }
    }

    /// <summary>Does what is needed.</summary>
    /// <exception cref="LayeringException">dracut is missing, or failed.</exception>
    public void Update(CancellationToken cancellation)
    {
        string? added = MoveNewKernel();
        string[] versions = added is null ? ListKernels() : [added];
        if (added is not null || _wish.Regenerate || IsRelevant())
        {
            foreach (string version in versions)
            {
                Run(cancellation, "depmod", version);
                Run(cancellation, ["dracut", "--force", "--no-hostonly", "--reproducible", "--kver", version, .. _wish.Regenerate ? _wish.Arguments : [], $"/{Modules}/{version}/initramfs.img"]);
            }
        }

        foreach (string version in _wish.Files.Count > 0 ? versions : [])
        {
            Append($"{_root.Path}/{Modules}/{version}/initramfs.img", InitramfsFiles.Archive(_wish, _etc));
        }
    }

    // The kernel unpacks one archive after the other; what is in a later one counts.
    private static void Append(string initramfs, byte[] archive)
    {
        if (!File.Exists(initramfs))
        {
            throw new LayeringException("the image has no initramfs that files could be added to");
        }

        using var file = new FileStream(initramfs, FileMode.Open, FileAccess.ReadWrite);
        file.Seek(0, SeekOrigin.End);
        NewcArchive.Pad(file);
        file.Write(archive);
    }

    private string[] ListKernels() => [.. (Directory.Exists($"{_root.Path}/{Modules}") ? Directory.EnumerateDirectories($"{_root.Path}/{Modules}") : [])
        .Where(folder => File.Exists($"{folder}/vmlinuz"))
        .Select(folder => Path.GetFileName(folder))
        .Order(StringComparer.Ordinal)];

    // An image has one kernel to boot: a new one takes the place of the old one, whose modules stay its package's.
    private string? MoveNewKernel()
    {
        string boot = $"{_root.Path}/boot";
        string[] added = [.. (Directory.Exists(boot) ? Directory.EnumerateFiles(boot, "vmlinuz-*") : [])
            .Select(file => Path.GetFileName(file)["vmlinuz-".Length..])
            .Where(version => Directory.Exists($"{_root.Path}/{Modules}/{version}"))
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
            File.Delete($"{_root.Path}/{Modules}/{old}/vmlinuz");
            File.Delete($"{_root.Path}/{Modules}/{old}/initramfs.img");
        }

        if (File.Exists($"{boot}/vmlinuz-{added[0]}"))
        {
            File.Copy($"{boot}/vmlinuz-{added[0]}", $"{_root.Path}/{Modules}/{added[0]}/vmlinuz", overwrite: true);
        }

        return added[0];
    }

    // RPM packages have their kernels where images have them.
    private IEnumerable<string> FindInModules() => ListKernels().Where(version => File.Exists($"{_root.Upper}/{Modules}/{version}/vmlinuz"));

    private bool IsRelevant()
    {
        using DirectoryHandle upper = DirectoryHandle.Open(_root.Upper);
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
