// Extended attributes of an open file.
using Microsoft.Win32.SafeHandles;

namespace Bootc.Linux;

public static unsafe partial class FileHandles
{
    /// <summary>All extended attributes; empty where the file system has none.</summary>
    public static IReadOnlyList<ExtendedAttribute> GetExtendedAttributes(this SafeFileHandle file, string? path = null)
    {
        int fd = file.Descriptor;
        return ExtendedAttributeReader.ReadAll(
            (buffer, size) => NativeMethods.flistxattr(fd, buffer, size),
            (key, buffer, size) => NativeMethods.fgetxattr(fd, key, buffer, size),
            path ?? UnnamedFile);
    }

    /// <summary>One extended attribute; <see langword="null"/> when the file has none of that key.</summary>
    public static byte[]? TryGetExtendedAttribute(this SafeFileHandle file, string key, string? path = null)
    {
        int fd = file.Descriptor;
        return ExtendedAttributeReader.TryRead((buffer, size) => NativeMethods.fgetxattr(fd, key, buffer, size), key, path ?? UnnamedFile);
    }

    /// <summary>Sets an extended attribute.</summary>
    public static void SetExtendedAttribute(this SafeFileHandle file, string key, ReadOnlySpan<byte> value, string? path = null)
    {
        fixed (byte* pointer = value)
        {
            NativeCall.Check(
                NativeMethods.fsetxattr(file.Descriptor, key, pointer, (nuint)value.Length, 0),
                $"set extended attribute {key} of",
                path ?? UnnamedFile);
        }
    }
}
