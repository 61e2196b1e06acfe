// What this process is to the kernel.
namespace Bootc.Linux;

/// <summary>Facts about the running process.</summary>
public static class CurrentProcess
{
    /// <summary>Whether the process has root's effective user ID.</summary>
    public static bool IsRoot => NativeMethods.geteuid() == 0;
}
