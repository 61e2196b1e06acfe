// A file system about to be mounted: fsopen(2) and fsconfig(2), one option at a time, with the kernel's own words on errors.
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Linux;

/// <summary>
/// What the kernel calls a file system context: options are set, then <see cref="CreateMount"/> makes a mount that
/// <see cref="Mounts.Attach"/> puts somewhere. Paths in options need no escaping.
/// </summary>
public sealed unsafe class FileSystemContext : IDisposable
{
    private const uint CloseOnExec = 1; // FSOPEN_CLOEXEC and FSMOUNT_CLOEXEC
    private const uint SetFlagCommand = 0;
    private const uint SetStringCommand = 1;
    private const uint CreateCommand = 6;
    private const uint ReadOnlyAttribute = 1;
    private const int MessageSize = 4096;

    private readonly SafeFileHandle _context;
    private readonly string _type;

    private FileSystemContext(SafeFileHandle context, string type)
    {
        _context = context;
        _type = type;
    }

    private int Descriptor => (int)_context.DangerousGetHandle();

    /// <summary>Opens a context for a type of file system, such as <c>erofs</c>.</summary>
    /// <exception cref="LinuxException">The kernel does not know the type, or the process may not mount.</exception>
    public static FileSystemContext Open(string type)
    {
        long fd = NativeMethods.fsopen(NativeMethods.SyscallFsOpen, type, CloseOnExec);
        NativeCall.Check(fd, "mount a file system of type", type);
        return new FileSystemContext(new SafeFileHandle((nint)fd, ownsHandle: true), type);
    }

    /// <summary>Opens a context for an overlay of one directory.</summary>
    /// <param name="lower">What shows where nothing was changed.</param>
    /// <param name="upper">Where changes go.</param>
    /// <param name="work">An empty directory beside <paramref name="upper"/>, for the kernel.</param>
    /// <param name="isVolatile">Whether changes are of no worth once the mount is gone, so that nothing is synchronized to disk.</param>
    /// <inheritdoc cref="Open" path="/exception"/>
    public static FileSystemContext OpenOverlay(string lower, string upper, string work, bool isVolatile = false)
    {
        FileSystemContext overlay = Open("overlay");
        overlay.SetString("source", "overlay");
        overlay.SetString("lowerdir", lower);
        overlay.SetUpperLayer(upper, work, isVolatile);
        return overlay;
    }

    /// <summary>Mounts a device for writing where only this program sees it: the mount is gone when the last handle on it is closed.</summary>
    /// <param name="type">The type of its file system.</param>
    /// <param name="device">The device's path.</param>
    /// <param name="options">Further options, each with its value.</param>
    /// <exception cref="LinuxException">The kernel does not know the type, or cannot read the device.</exception>
    public static SafeFileHandle MountDevice(string type, string device, params ReadOnlySpan<(string Key, string Value)> options)
    {
        using FileSystemContext context = Open(type);
        context.SetString("source", device);
        foreach ((string key, string value) in options)
        {
            context.SetString(key, value);
        }

        return context.CreateMount(device, readOnly: false);
    }

    /// <summary>Lets an overlay be written to.</summary>
    /// <param name="upper">Where changes go.</param>
    /// <param name="work">An empty directory beside <paramref name="upper"/>, for the kernel.</param>
    /// <param name="isVolatile">Whether changes are of no worth once the mount is gone, so that nothing is synchronized to disk.</param>
    public void SetUpperLayer(string upper, string work, bool isVolatile = false)
    {
        SetString("upperdir", upper);
        SetString("workdir", work);
        if (isVolatile)
        {
            SetFlag("volatile");
        }
    }

    /// <summary>Sets an option that has a value.</summary>
    public void SetString(string key, string value)
    {
        fixed (byte* keyPointer = Terminated(key), valuePointer = Terminated(value))
        {
            Configure(SetStringCommand, keyPointer, valuePointer, $"set the option {key} of {_type} to", value);
        }
    }

    /// <summary>Sets an option that has no value.</summary>
    public void SetFlag(string key)
    {
        fixed (byte* keyPointer = Terminated(key))
        {
            Configure(SetFlagCommand, keyPointer, null, $"set an option of {_type}:", key);
        }
    }

    /// <summary>Makes a mount that is not attached anywhere yet, and is gone when it is closed before.</summary>
    /// <param name="source">What is mounted, for messages.</param>
    /// <param name="readOnly">Whether nothing can be written through it.</param>
    /// <exception cref="LinuxException">The options are wrong, or the file system cannot be read.</exception>
    public SafeFileHandle CreateMount(string source, bool readOnly = true)
    {
        Configure(CreateCommand, null, null, $"mount as {_type}", source);
        long fd = NativeMethods.fsmount(NativeMethods.SyscallFsMount, Descriptor, CloseOnExec, readOnly ? ReadOnlyAttribute : 0);
        NativeCall.Check(fd, $"mount as {_type}", source);
        return new SafeFileHandle((nint)fd, ownsHandle: true);
    }

    /// <inheritdoc/>
    public void Dispose() => _context.Dispose();

    private static byte[] Terminated(string text) => [.. FileName.Encode(text), 0];

    private void Configure(uint command, byte* key, byte* value, string operation, string what)
    {
        if (NativeMethods.fsconfig(NativeMethods.SyscallFsConfig, Descriptor, command, key, value, 0) < 0)
        {
            Errno error = NativeCall.LastError;
            string reason = ReadMessages();
            throw new LinuxException(reason.Length == 0 ? operation : $"{operation} ({reason})", what, error);
        }
    }

    // Each read gives one message: its level, a space, the text.
    private string ReadMessages()
    {
        var messages = new List<string>();
        byte* buffer = stackalloc byte[MessageSize];
        for (nint length; (length = NativeMethods.read(Descriptor, buffer, MessageSize)) > 2;)
        {
            messages.Add(Encoding.UTF8.GetString(buffer + 2, (int)length - 2).Trim());
        }

        return string.Join("; ", messages);
    }
}
