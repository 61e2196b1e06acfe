// Extended attributes by name, symbolic links not followed; the calls take no descriptor, so they go through /proc.
namespace Bootc.Linux;

public sealed partial class DirectoryHandle
{
    /// <summary>All extended attributes of a name, symbolic links not followed; empty where the file system has none.</summary>
    public unsafe IReadOnlyList<ExtendedAttribute> GetExtendedAttributes(string name)
    {
        string path = $"{ProcPath}/{name}";
        return ExtendedAttributeReader.ReadAll(
            (buffer, size) => NativeMethods.llistxattr(path, buffer, size),
            (key, buffer, size) => NativeMethods.lgetxattr(path, key, buffer, size),
            Join(name));
    }

    /// <summary>One extended attribute of a name; <see langword="null"/> when it has none of that key.</summary>
    public unsafe byte[]? TryGetExtendedAttribute(string name, string key)
    {
        string path = $"{ProcPath}/{name}";
        return ExtendedAttributeReader.TryRead((buffer, size) => NativeMethods.lgetxattr(path, key, buffer, size), key, Join(name));
    }

    /// <summary>Sets an extended attribute of a name, symbolic links not followed.</summary>
    public unsafe void SetExtendedAttribute(string name, string key, ReadOnlySpan<byte> value)
    {
        fixed (byte* pointer = value)
        {
            NativeCall.Check(
                NativeMethods.lsetxattr($"{ProcPath}/{name}", key, pointer, (nuint)value.Length, 0), $"set extended attribute {key} of", Join(name));
        }
    }

    /// <summary>Removes an extended attribute of a name; <see langword="false"/> when it had none of that key.</summary>
    public bool TryRemoveExtendedAttribute(string name, string key) =>
        SucceededUnless(NativeMethods.lremovexattr($"{ProcPath}/{name}", key), Errno.ENODATA, $"remove extended attribute {key} of", name);
}
