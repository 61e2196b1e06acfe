// A file, or a part of one, as a block device, for kernels that mount file systems from block devices only.
using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Linux;

/// <summary>A loop device (loop(4)). It frees itself when nobody has it open or mounted any more.</summary>
public sealed unsafe class LoopDevice : IDisposable
{
    private const string ControlPath = "/dev/loop-control";
    private const nuint GetFree = 0x4C82; // LOOP_CTL_GET_FREE
    private const nuint Configure = 0x4C0A; // LOOP_CONFIGURE
    private const int Attempts = 64;

    // struct loop_config: the file's descriptor u32 at 0, block size u32 at 4, struct loop_info64 at 8, in which the offset is
    // a u64 at 24, the size limit a u64 at 32 and the flags a u32 at 52; reserved u64[8] at its end.
    private const int ConfigSize = 304;
    private const int BlockSizeOffset = 4;
    private const int DefaultSectorSize = 512;
    private const int OffsetOffset = 8 + 24;
    private const int SizeOffset = 8 + 32;
    private const int FlagsOffset = 8 + 52;
    private const uint ReadOnlyFlag = 1;
    private const uint AutoClearFlag = 4;

    private readonly SafeFileHandle _device;

    private LoopDevice(SafeFileHandle device, string path)
    {
        _device = device;
        Path = path;
    }

    /// <summary>The path of the device.</summary>
    public string Path { get; }

    /// <summary>Makes an open file a block device that can be read.</summary>
    /// <exception cref="LinuxException">There is no free device, or the process may not take one.</exception>
    public static LoopDevice Attach(SafeFileHandle file) => Attach(file, 0, 0, readOnly: true);

    /// <summary>Makes a part of an open file, or of another block device, a block device.</summary>
    /// <param name="file">The file; open for writing as well unless <paramref name="readOnly"/>.</param>
    /// <param name="offset">Where the part begins, in bytes.</param>
    /// <param name="size">How many bytes it has; 0 for all that follow.</param>
    /// <param name="readOnly">Whether nothing can be written.</param>
    /// <param name="sectorSize">The size of its sectors in bytes: that of the disk, if the part is one. File systems are made for it, and mounted on no disk with larger ones.</param>
    /// <exception cref="LinuxException">There is no free device, or the process may not take one.</exception>
    public static LoopDevice Attach(SafeFileHandle file, long offset, long size, bool readOnly, int sectorSize = DefaultSectorSize)
    {
        using SafeFileHandle control = Open(ControlPath, FileAccess.Read);
        Span<byte> config = stackalloc byte[ConfigSize];
        config.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(config, (uint)file.DangerousGetHandle());
        BinaryPrimitives.WriteInt32LittleEndian(config[BlockSizeOffset..], sectorSize);
        BinaryPrimitives.WriteInt64LittleEndian(config[OffsetOffset..], offset);
        BinaryPrimitives.WriteInt64LittleEndian(config[SizeOffset..], size);
        BinaryPrimitives.WriteUInt32LittleEndian(config[FlagsOffset..], AutoClearFlag | (readOnly ? ReadOnlyFlag : 0));
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            long number = NativeCall.Check(NativeMethods.ioctl((int)control.DangerousGetHandle(), GetFree, 0), "find a free loop device with", ControlPath);
            string path = $"/dev/loop{number}";
            SafeFileHandle device = Open(path, readOnly ? FileAccess.Read : FileAccess.ReadWrite);
            fixed (byte* pointer = config)
            {
                if (NativeMethods.ioctl((int)device.DangerousGetHandle(), Configure, pointer) >= 0)
                {
                    return new LoopDevice(device, path);
                }
            }

            Errno error = NativeCall.LastError;
            device.Dispose();
            if (error != Errno.EBUSY)
            {
                throw new LinuxException("set up the loop device", path, error);
            }
        }

        throw new LinuxException("find a free loop device with", ControlPath, Errno.EBUSY); // others were faster, each time
    }

    /// <inheritdoc/>
    public void Dispose() => _device.Dispose();

    private static SafeFileHandle Open(string path, FileAccess access) => File.OpenHandle(path, FileMode.Open, access, FileShare.ReadWrite);
}
