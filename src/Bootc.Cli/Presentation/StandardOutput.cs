// Documents for programs: written in one piece, without what .NET's console sets up for terminals.
using Bootc.Linux;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Cli.Presentation;

internal static class StandardOutput
{
    private const int FileDescriptor = 1;

    /// <summary>Writes all of it.</summary>
    /// <exception cref="LinuxException">The reader is gone, or the disk is full.</exception>
    public static void Write(ReadOnlySpan<byte> content)
    {
        using var file = new SafeFileHandle(FileDescriptor, ownsHandle: false);
        file.WriteFully(content, "standard output");
    }
}
