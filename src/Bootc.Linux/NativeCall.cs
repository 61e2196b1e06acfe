// The little that every system call here needs: retry when interrupted, and an exception that says what failed.
using System.Runtime.InteropServices;

namespace Bootc.Linux;

internal static class NativeCall
{
    public static Errno LastError => (Errno)Marshal.GetLastPInvokeError();

    public static LinuxException Failure(string operation, string path) => new(operation, path, LastError);

    /// <summary>Throws unless the call's result is zero or more.</summary>
    public static long Check(long result, string operation, string path)
    {
        if (result < 0)
        {
            throw Failure(operation, path);
        }

        return result;
    }

    public static bool Interrupted(long result) => result < 0 && LastError == Errno.EINTR;
}
