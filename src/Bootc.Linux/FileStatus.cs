// What the kernel knows of a file, from statx(2).
namespace Bootc.Linux;

/// <summary>The status of a file (statx(2)). A symbolic link is described itself, never what it points to.</summary>
/// <param name="Mode">Kind and permission bits, S_IFMT included.</param>
/// <param name="Uid">The owner's user ID.</param>
/// <param name="Gid">The owner's group ID.</param>
/// <param name="Size">The size in bytes.</param>
/// <param name="Inode">The inode number.</param>
/// <param name="Device">The file system's device: major in the upper 32 bits, minor in the lower.</param>
/// <param name="LinkCount">How many names the file has.</param>
/// <param name="DeviceMajor">For a device node, the major number of the device that it stands for.</param>
/// <param name="DeviceMinor">For a device node, the minor number of the device that it stands for.</param>
/// <param name="ModifiedSeconds">Last modification, in seconds since the epoch.</param>
/// <param name="ModifiedNanoseconds">The nanoseconds of the last modification.</param>
/// <param name="Blocks">Space in use, in units of 512 bytes.</param>
/// <param name="MountId">The mount that holds the file, or 0 where the kernel does not tell.</param>
/// <param name="IsSealed">The file is sealed with fs-verity, as far as the file system tells.</param>
public readonly record struct FileStatus(
    uint Mode,
    uint Uid,
    uint Gid,
    long Size,
    ulong Inode,
    ulong Device,
    uint LinkCount,
    uint DeviceMajor,
    uint DeviceMinor,
    long ModifiedSeconds,
    uint ModifiedNanoseconds,
    long Blocks,
    ulong MountId = 0,
    bool IsSealed = false)
{
    /// <summary>The file's kind.</summary>
    public FileKind Kind => ModeBits.GetKind(Mode);

    /// <summary>The permission bits with set-user-ID, set-group-ID and sticky.</summary>
    public uint Permissions => Mode & ModeBits.PermissionMask;

    /// <summary><see cref="Device"/> as st_dev of stat(2) has it.</summary>
    public ulong DeviceNumber => MakeDeviceNumber((uint)(Device >> 32), (uint)Device);

    /// <summary>makedev(3): major and minor number interleaved in the 64-bit dev_t of glibc.</summary>
    internal static ulong MakeDeviceNumber(uint major, uint minor) =>
        ((ulong)(major & 0xfffff000) << 32) | ((ulong)(major & 0xfff) << 8) | ((ulong)(minor & 0xffffff00) << 12) | (minor & 0xff);
}
