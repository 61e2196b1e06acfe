// The kernel of a deployment, and the checksum that names its directory in /boot.
using System.Security.Cryptography;
using Bootc.Linux;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Deployments.Boot;

/// <summary>
/// The kernel and what belongs to it in <c>/usr/lib/modules/$kver</c>: <c>vmlinuz</c>, <c>initramfs.img</c> and perhaps a
/// device tree. The boot checksum is the SHA-256 of their contents in this order (libostree's ostree-sysroot-deploy.c).
/// </summary>
public sealed class KernelLayout
{
    private const string Modules = "usr/lib/modules";

    private KernelLayout(string directory, string kernelVersion, string? initramfs, string? deviceTree, bool hasHmac)
    {
        Directory = directory;
        KernelVersion = kernelVersion;
        InitramfsSource = initramfs;
        DeviceTreeSource = deviceTree;
        HasHmac = hasHmac;
    }

    /// <summary>The directory, relative to the deployment's root.</summary>
    public string Directory { get; }

    /// <summary>The kernel's version.</summary>
    public string KernelVersion { get; }

    /// <summary>The initramfs's name in the directory, if there is one.</summary>
    public string? InitramfsSource { get; }

    /// <summary>The name of a single device tree in the directory, if there is one.</summary>
    public string? DeviceTreeSource { get; }

    /// <summary>Whether the kernel has a checksum file for FIPS mode.</summary>
    public bool HasHmac { get; }

    /// <summary>The kernel's name in /boot.</summary>
    public string KernelName => $"vmlinuz-{KernelVersion}";

    /// <summary>The initramfs's name in /boot.</summary>
    public string? InitramfsName => InitramfsSource is null ? null : $"initramfs-{KernelVersion}.img";

    /// <summary>The files to put into /boot: their names here and there.</summary>
    public IEnumerable<(string Source, string Name)> Files
    {
        get
        {
            yield return ("vmlinuz", KernelName);
            if (InitramfsSource is { } initramfs)
            {
                yield return (initramfs, InitramfsName!);
            }

            if (DeviceTreeSource is { } tree)
            {
                yield return (tree, $"devicetree-{KernelVersion}");
            }

            if (HasHmac)
            {
                yield return (".vmlinuz.hmac", $".{KernelName}.hmac");
            }
        }
    }

    /// <summary>Finds the kernel of a deployment; of several, the first by name.</summary>
    /// <exception cref="DeploymentException">There is none.</exception>
    public static KernelLayout Find(DirectoryHandle deployment)
    {
        string version = FindVersions(deployment) is [var first, ..] ? first : throw new DeploymentException($"there is no kernel in the image: no /{Modules}/VERSION/vmlinuz");
        using DirectoryHandle directory = deployment.OpenDirectory($"{Modules}/{version}");
        return Read(directory, $"{Modules}/{version}", version);
    }

    /// <summary>The versions of all kernels of a deployment, in the order of their names.</summary>
    public static IReadOnlyList<string> FindVersions(DirectoryHandle deployment)
    {
        using DirectoryHandle? modules = deployment.TryOpenDirectory(Modules);
        return
        [
            .. (modules?.List() ?? [])
                .Where(entry => entry.Kind == FileKind.Directory && modules!.TryGetStatus($"{entry.Name}/vmlinuz") is { Kind: FileKind.Regular })
                .Select(entry => entry.Name)
                .Order(StringComparer.Ordinal),
        ];
    }

    /// <summary>The boot checksum: the SHA-256 of kernel, initramfs and device tree, one after the other.</summary>
    public string ComputeBootcsum(DirectoryHandle deployment)
    {
        using DirectoryHandle directory = deployment.OpenDirectory(Directory);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[256 * 1024];
        foreach (string name in ChecksummedFiles)
        {
            using SafeFileHandle file = directory.OpenFile(name);
            for (int count; (count = file.ReadSome(buffer, name)) > 0;)
            {
                hash.AppendData(buffer, 0, count);
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Whether another deployment's kernel is made of the very same files, as hard links of one object are.</summary>
    public bool HasSameFiles(DirectoryHandle deployment, DirectoryHandle other)
    {
        using DirectoryHandle mine = deployment.OpenDirectory(Directory);
        using DirectoryHandle? its = other.TryOpenDirectory(Directory);
        return its is not null && ChecksummedFiles.All(name =>
            mine.GetStatus(name) is var a && its.TryGetStatus(name) is { } b && a.Inode == b.Inode && a.Device == b.Device);
    }

    private IEnumerable<string> ChecksummedFiles => new[] { "vmlinuz", InitramfsSource, DeviceTreeSource }.OfType<string>();

    private static KernelLayout Read(DirectoryHandle directory, string path, string version)
    {
        string? initramfs = directory.Exists("initramfs.img") ? "initramfs.img" : directory.Exists("initramfs") ? "initramfs" : null;
        string? deviceTree = directory.Exists("devicetree") ? "devicetree" : null;
        if (deviceTree is null && directory.TryGetStatus("dtb") is { Kind: FileKind.Directory })
        {
            throw new DeploymentException($"/{path}/dtb holds a directory of device trees, which is not supported; put the right one at /{path}/devicetree");
        }

        return new KernelLayout(path, version, initramfs, deviceTree, directory.Exists(".vmlinuz.hmac"));
    }
}
