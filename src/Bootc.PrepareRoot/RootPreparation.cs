// The order in which the root of a deployment is put together, from the physical root to what systemd switches to.
using Bootc.Composefs;
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Microsoft.Win32.SafeHandles;

namespace Bootc.PrepareRoot;

/// <summary>
/// Makes the root: image or deployment directory at a temporary place, <c>/etc</c>, <c>/sysroot</c>, <c>/var</c> and
/// <c>/boot</c> in it, and then moves it where the physical root was mounted. What it did stands in /run/ostree-booted, in
/// libostree's words.
/// </summary>
internal sealed class RootPreparation(string sysroot, DirectoryHandle initramfs, string commandLine, PrepareRootConfig config)
{
    private const string Target = "/sysroot.tmp";
    private const string RunDirectory = "/run/ostree";
    private const string PrivateDirectory = "/run/ostree/.private";
    private const string BootedMarker = "/run/ostree-booted";

    // Tells libostree's generator that /var is mounted already.
    private const string VarMarker = "/run/ostree/initramfs-mount-var";

    private readonly VariantDictionary _booted = new();

    /// <summary>Prepares the root.</summary>
    /// <exception cref="PrepareRootException">The deployment is not one that may boot.</exception>
    /// <exception cref="LinuxException">The kernel refuses a mount.</exception>
    public void Run()
    {
        BootedDeployment deployment;
        bool isReadOnly;
        bool isComposefs;
        using (DirectoryHandle root = DirectoryHandle.Open(sysroot))
        {
            deployment = BootedDeployment.Resolve(root, commandLine);
            Console.WriteLine($"booting {deployment.Path}");
            ComposefsRoot? composefs = config.Composefs == ComposefsDemand.No ? null : ComposefsRoot.Check(root, initramfs, deployment, config);
            isReadOnly = config.IsSysrootReadOnly ?? IsRepositoryReadOnly(root);
            isComposefs = composefs is not null;
            if (composefs is null && config.IsRootTransient)
            {
                throw new PrepareRootException("root.transient needs composefs, and this deployment is booted without");
            }

            Record(root, deployment, isReadOnly, composefs);
            Directory.CreateDirectory(RunDirectory, (UnixFileMode)0x1ED);
            Directory.CreateDirectory(PrivateDirectory, UnixFileMode.None);
            BindMounts.MakePrivate("/"); // the kernel does not move shared mounts
            Directory.CreateDirectory(Target);
            MountRoot(deployment, composefs);
        }

        if (isComposefs || isReadOnly)
        {
            MountEtc(deployment);
        }

        MovePhysicalRoot();
        MountVar(deployment, isReadOnly);
        MountBoot();
        File.WriteAllBytes(BootedMarker, _booted.Serialize());
        BindMounts.Move(Target, sysroot);
        Directory.Delete(Target);
        if (isReadOnly)
        {
            BindMounts.Remount($"{sysroot}/sysroot", readOnly: true);
        }
    }

    private static bool IsRepositoryReadOnly(DirectoryHandle root) =>
        root.TryReadAllText("ostree/repo/config") is { } text && KeyFile.Parse(text).GetBoolean("sysroot", "readonly") == true;

    private void Record(DirectoryHandle root, BootedDeployment deployment, bool isReadOnly, ComposefsRoot? composefs)
    {
        FileStatus status = root.GetStatus(deployment.Path);
        _booted.Set("backing-root-device-inode", GVariantValue.Tuple(GVariantValue.FromUInt64(status.DeviceNumber), GVariantValue.FromUInt64(status.Inode)));
        _booted.Set("root.transient", GVariantValue.FromBoolean(config.IsRootTransient));
        _booted.Set("root.transient-ro", GVariantValue.FromBoolean(config.IsRootTransientReadOnly));
        _booted.Set("sysroot-ro", GVariantValue.FromBoolean(isReadOnly));
        if (composefs is null)
        {
            return;
        }

        _booted.Set("composefs", GVariantValue.FromBoolean(true));
        _booted.Set("composefs.verity", GVariantValue.FromBoolean(composefs.RequiresVerity));
        if (config.Composefs == ComposefsDemand.Signed)
        {
            _booted.Set("composefs.signed", GVariantValue.FromString(config.KeyPath));
        }
    }

    private void MountRoot(BootedDeployment deployment, ComposefsRoot? composefs)
    {
        if (composefs is null)
        {
            BindMounts.Bind($"{sysroot}/{deployment.Path}", Target);
            BindMounts.Bind($"{Target}/usr", $"{Target}/usr");
            BindMounts.Remount($"{Target}/usr", readOnly: true);
            return;
        }

        WritableLayer? writable = null;
        if (config.IsRootTransient)
        {
            writable = new WritableLayer($"{PrivateDirectory}/root/upper", $"{PrivateDirectory}/root/work", config.IsRootTransientReadOnly);
            Directory.CreateDirectory(writable.UpperDirectory);
            Directory.CreateDirectory(writable.WorkDirectory);
        }

        composefs.Mount(sysroot, Target, writable);
        Console.WriteLine($"composefs is mounted, {(composefs.RequiresVerity ? "the kernel checks each object" : "its image was checked, objects are not sealed")}");
    }

    private void MountEtc(BootedDeployment deployment)
    {
        if (!config.IsEtcTransient)
        {
            BindMounts.Bind($"{sysroot}/{deployment.Path}/etc", $"{Target}/etc");
            BindMounts.Remount($"{Target}/etc", readOnly: false);
            return;
        }

        string layer = $"{RunDirectory}/transient-etc.{Path.GetRandomFileName()}";
        Directory.CreateDirectory(layer, (UnixFileMode)0x1C0);
        _booted.Set("transient-etc", GVariantValue.FromString(layer));
        Directory.CreateDirectory($"{layer}/upper");
        Directory.CreateDirectory($"{layer}/work");
        using FileSystemContext overlay = FileSystemContext.OpenOverlay($"{Target}/usr/etc", $"{layer}/upper", $"{layer}/work");
        using SafeFileHandle mount = overlay.CreateMount("/usr/etc", readOnly: false);
        Mounts.Attach(mount, $"{Target}/etc");
    }

    // A bind in its place instead of the mount itself: it would lie below a mount that lies on it, and never be unmounted.
    private void MovePhysicalRoot()
    {
        BindMounts.Bind(sysroot, $"{Target}/sysroot");
        Mounts.Detach(sysroot);
    }

    private static void MountVar(BootedDeployment deployment, bool isReadOnly)
    {
        string source = $"{Target}/sysroot/{deployment.VarPath}";
        if (isReadOnly)
        {
            BindMounts.Bind(source, source); // a mount of its own, which stays writable
            BindMounts.Remount(source, readOnly: false);
        }

        BindMounts.Bind(source, $"{Target}/var");
        BindMounts.DetachFromSource($"{Target}/var");
        File.WriteAllBytes(VarMarker, []);
    }

    // Without a boot partition of its own, /boot is the physical root's.
    private static void MountBoot()
    {
        if (File.GetAttributes($"{Target}/boot").HasFlag(FileAttributes.Directory) && new FileInfo($"{Target}/sysroot/boot/loader").LinkTarget is not null)
        {
            BindMounts.Bind($"{Target}/sysroot/boot", $"{Target}/boot");
        }
    }
}
