// What this process is to the kernel.
namespace Bootc.Linux;

/// <summary>Facts about the running process.</summary>
public static class CurrentProcess
{
    /// <summary>Whether the process has root's effective user ID.</summary>
    public static bool IsRoot => NativeMethods.geteuid() == 0;

    /// <summary>The user to whom files belong that this process makes.</summary>
    public static uint FileSystemUid => NativeMethods.geteuid();

    /// <summary>The group to which files belong that this process makes, where the directory does not decide it.</summary>
    public static uint FileSystemGid => NativeMethods.getegid();

    /// <summary>The permission bits that new files lack (umask); all of them where the kernel does not tell.</summary>
    public static uint FileModeMask { get; } = ReadFileModeMask();

    // Asking umask(2) changes it for a moment, also for other threads.
    private static uint ReadFileModeMask()
    {
        const string Field = "Umask:";
        try
        {
            string? line = File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal));
            return line is null ? ModeBits.PermissionMask : Convert.ToUInt32(line[Field.Length..].Trim(), 8);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            return ModeBits.PermissionMask;
        }
    }
}
