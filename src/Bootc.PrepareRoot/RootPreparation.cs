// The order in which the root of a deployment is put together, from the physical root to what systemd switches to.
using Bootc.Composefs;
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Microsoft.Win32.SafeHandles;

namespace Bootc.PrepareRoot;

/// <summary>
/// Makes the root: image or deployment directory at a temporary place, <c>/etc</c>, <c>/sysroot</c>, <c>/var</c> and
/// <c>/boot</c> in it. At boot it is then moved where the physical root was mounted; on a running system it stays where
/// systemd looks for the root to start user space from (systemd-soft-reboot.service(8)). What was done stands in
/// /run/ostree-booted, or in /run/ostree/nextroot-booted until that root is entered, in libostree's words.
/// </summary>
internal sealed class RootPreparation(string sysroot, DirectoryHandle initramfs, PrepareRootConfig config)
{
    private const string InitramfsTarget = "/sysroot.tmp";
    private const string NextRoot = "/run/nextroot";
    private const string RunDirectory = "/run/ostree";
    private const string PrivateDirectory = "/run/ostree/.private";
    private const string BootedMarker = "/run/ostree-booted";
    private const string NextBootedMarker = "/run/ostree/nextroot-booted";

    // Tells libostree's generator that /var is mounted already.
    private const string VarMarker = "/run/ostree/initramfs-mount-var";

    private readonly VariantDictionary _booted = new();
    private string _physicalRoot = ""; // what the image is mounted from; gone when the root is ready
    private string _target = InitramfsTarget;

    /// <summary>Prepares the root in the initramfs, and puts it where the physical root is mounted.</summary>
    /// <param name="commandLine">The kernel's command line, whose <c>ostree=</c> names the deployment.</param>
    /// <exception cref="PrepareRootException">The deployment is not one that may boot.</exception>
    /// <exception cref="LinuxException">The kernel refuses a mount.</exception>
    public void Run(string commandLine)
    {
        _physicalRoot = sysroot;
        BindMounts.MakePrivate("/"); // the kernel does not move shared mounts
        bool isReadOnly = Prepare(root => BootedDeployment.Resolve(root, commandLine));
        File.WriteAllBytes(BootedMarker, _booted.Serialize());
        BindMounts.Move(_target, sysroot);
        Directory.Delete(_target);
        if (isReadOnly)
        {
            BindMounts.Remount($"{sysroot}/sysroot", readOnly: true);
        }
    }

    /// <summary>Prepares the root from which systemd starts user space at the next soft reboot.</summary>
    /// <param name="path">The deployment's directory, relative to the physical root.</param>
    /// <inheritdoc cref="Run" path="/exception"/>
    public void RunForSoftReboot(string path)
    {
        _target = NextRoot;
        _physicalRoot = $"{PrivateDirectory}/sysroot";
        MakeRunDirectories();
        DiscardNextRoot();
        Directory.CreateDirectory(_physicalRoot);
        BindMounts.Bind(sysroot, _physicalRoot); // the image keeps the mount that it is opened from: not the one that is unmounted at the soft reboot
        BindMounts.MakePrivate(_physicalRoot); // what is mounted in the next root does not show in this one
        try
        {
            bool isReadOnly = Prepare(root => BootedDeployment.At(root, path));
            if (!_booted.TryGetBoolean("composefs").GetValueOrDefault())
            {
                throw new PrepareRootException("a soft reboot needs composefs, and this deployment would be booted without");
            }

            if (isReadOnly)
            {
                BindMounts.Remount($"{_target}/sysroot", readOnly: true);
            }

            File.WriteAllBytes(NextBootedMarker, _booted.Serialize());
        }
        catch
        {
            DiscardNextRoot();
            throw;
        }
    }

    // With all that is mounted in it.
    private void DiscardNextRoot()
    {
        File.Delete(NextBootedMarker);
        foreach (string path in new[] { _target, _physicalRoot }.Where(Mounts.IsMountPoint))
        {
            Mounts.Detach(path);
        }
    }

    private bool Prepare(Func<DirectoryHandle, BootedDeployment> find)
    {
        BootedDeployment deployment;
        bool isReadOnly;
        bool isComposefs;
        using (DirectoryHandle root = DirectoryHandle.Open(_physicalRoot))
        {
            deployment = find(root);
            Console.WriteLine($"booting {deployment.Path}");
            ComposefsRoot? composefs = config.Composefs == ComposefsDemand.No ? null : ComposefsRoot.Check(root, initramfs, deployment, config);
            isReadOnly = config.IsSysrootReadOnly ?? IsRepositoryReadOnly(root);
            isComposefs = composefs is not null;
            if (composefs is null && config.IsRootTransient)
            {
                throw new PrepareRootException("root.transient needs composefs, and this deployment is booted without");
            }

            Record(root, deployment, isReadOnly, composefs);
            MakeRunDirectories();
            Directory.CreateDirectory(_target);
            MountRoot(deployment, composefs);
        }

        if (isComposefs || isReadOnly)
        {
            MountEtc(deployment);
        }

        MovePhysicalRoot();
        MountVar(deployment, isReadOnly);
        MountBoot();
        return isReadOnly;
    }

    private static void MakeRunDirectories()
    {
        Directory.CreateDirectory(RunDirectory, (UnixFileMode)0x1ED);
        Directory.CreateDirectory(PrivateDirectory, UnixFileMode.None);
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
            BindMounts.Bind($"{_physicalRoot}/{deployment.Path}", _target);
            BindMounts.Bind($"{_target}/usr", $"{_target}/usr");
            BindMounts.Remount($"{_target}/usr", readOnly: true);
            return;
        }

        WritableLayer? writable = null;
        if (config.IsRootTransient)
        {
            string layer = $"{PrivateDirectory}/root.{Path.GetRandomFileName()}"; // the running system may have one
            writable = new WritableLayer($"{layer}/upper", $"{layer}/work", config.IsRootTransientReadOnly);
            Directory.CreateDirectory(writable.UpperDirectory);
            Directory.CreateDirectory(writable.WorkDirectory);
        }

        composefs.Mount(_physicalRoot, _target, writable);
        Console.WriteLine($"composefs is mounted, {(composefs.RequiresVerity ? "the kernel checks each object" : "its image was checked, objects are not sealed")}");
    }

    private void MountEtc(BootedDeployment deployment)
    {
        if (!config.IsEtcTransient)
        {
            BindMounts.Bind($"{_physicalRoot}/{deployment.Path}/etc", $"{_target}/etc");
            BindMounts.Remount($"{_target}/etc", readOnly: false);
            return;
        }

        string layer = $"{RunDirectory}/transient-etc.{Path.GetRandomFileName()}";
        Directory.CreateDirectory(layer, (UnixFileMode)0x1C0);
        _booted.Set("transient-etc", GVariantValue.FromString(layer));
        Directory.CreateDirectory($"{layer}/upper");
        Directory.CreateDirectory($"{layer}/work");
        using FileSystemContext overlay = FileSystemContext.OpenOverlay($"{_target}/usr/etc", $"{layer}/upper", $"{layer}/work");
        using SafeFileHandle mount = overlay.CreateMount("/usr/etc", readOnly: false);
        Mounts.Attach(mount, $"{_target}/etc");
    }

    // A bind in its place instead of the mount itself: it would lie below a mount that lies on it, and never be unmounted.
    private void MovePhysicalRoot()
    {
        BindMounts.Bind(_physicalRoot, $"{_target}/sysroot");
        Mounts.Detach(_physicalRoot);
    }

    private void MountVar(BootedDeployment deployment, bool isReadOnly)
    {
        string source = $"{_target}/sysroot/{deployment.VarPath}";
        if (isReadOnly)
        {
            BindMounts.Bind(source, source); // a mount of its own, which stays writable
            BindMounts.Remount(source, readOnly: false);
        }

        BindMounts.Bind(source, $"{_target}/var");
        BindMounts.DetachFromSource($"{_target}/var");
        File.WriteAllBytes(VarMarker, []);
    }

    // Without a boot partition of its own, /boot is the physical root's.
    private void MountBoot()
    {
        if (File.GetAttributes($"{_target}/boot").HasFlag(FileAttributes.Directory) && new FileInfo($"{_target}/sysroot/boot/loader").LinkTarget is not null)
        {
            BindMounts.Bind($"{_target}/sysroot/boot", $"{_target}/boot");
        }
    }
}
