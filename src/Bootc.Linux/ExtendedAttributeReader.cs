// Reads extended attributes whose sizes may change between the question and the answer.
using System.Buffers;

namespace Bootc.Linux;

internal static unsafe class ExtendedAttributeReader
{
    private const int FirstGuess = 256;
    private const int MaximumSize = 64 * 1024; // XATTR_SIZE_MAX and XATTR_LIST_MAX

    public delegate nint ListCall(byte* buffer, nuint size);

    public delegate nint GetCall(string key, byte* buffer, nuint size);

    public static IReadOnlyList<ExtendedAttribute> ReadAll(ListCall list, GetCall get, string path)
    {
        byte[]? names = Read(list, () => NativeCall.Failure("list extended attributes of", path), Errno.EOPNOTSUPP);
        if (names is null || names.Length == 0)
        {
            return [];
        }

        var attributes = new List<ExtendedAttribute>();
        ReadOnlySpan<byte> rest = names;
        while (!rest.IsEmpty)
        {
            int end = rest.IndexOf((byte)0);
            string key = FileName.Decode(rest[..end]);
            rest = rest[(end + 1)..];
            if (TryRead((buffer, size) => get(key, buffer, size), key, path) is { } value)
            {
                attributes.Add(new ExtendedAttribute(key, value));
            }
        }

        return attributes;
    }

    public static byte[]? TryRead(ListCall get, string key, string path) =>
        Read(get, () => NativeCall.Failure($"read extended attribute {key} of", path), Errno.ENODATA, Errno.EOPNOTSUPP);

    private static byte[]? Read(ListCall call, Func<Exception> failure, params ReadOnlySpan<Errno> absent)
    {
        for (int capacity = FirstGuess; ; capacity = MaximumSize)
        {
            byte[] buffer = ArrayPool<byte>.Shared.Rent(capacity);
            try
            {
                nint length;
                fixed (byte* pointer = buffer)
                {
                    length = call(pointer, (nuint)buffer.Length);
                }

                if (length >= 0)
                {
                    return buffer.AsSpan(0, (int)length).ToArray();
                }

                Errno error = NativeCall.LastError;
                if (absent.Contains(error))
                {
                    return null;
                }

                if (error != Errno.ERANGE || capacity == MaximumSize)
                {
                    throw failure();
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }
}
