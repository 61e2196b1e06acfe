// Documents for programs: written in one piece, without what .NET's console sets up for terminals.
using Bootc.Linux;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Cli.Presentation;

internal static class StandardOutput
{
    private const int FileDescriptor = 1;
    private const string Name = "standard output";

    /// <summary>Writes all of it.</summary>
    /// <exception cref="LinuxException">The reader is gone, or the disk is full.</exception>
    public static void Write(ReadOnlySpan<byte> content)
    {
        using var file = new SafeFileHandle(FileDescriptor, ownsHandle: false);
        file.WriteFully(content, Name);
    }

    /// <summary>Whether an error is that nobody reads what was written any more; a pipe to elsewhere that breaks is another matter.</summary>
    public static bool IsReaderGone(Exception e) => e is LinuxException { Error: Errno.EPIPE, Path: Name };
}
