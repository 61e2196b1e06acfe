// Work on a sysroot, apart from everything else that the program does.
using Bootc.Deployments;

namespace Bootc.Updates.Agent;

/// <summary>Opens a sysroot on a thread of its own, since making it writable is a thread's affair.</summary>
internal static class SysrootThread
{
    /// <summary>Runs an action on a sysroot.</summary>
    public static Task<T> RunAsync<T>(string sysroot, Func<Sysroot, Task<T>> action) => Task.Factory.StartNew(
        () =>
        {
            if (sysroot == "/")
            {
                Sysroot.MakeWritableForThisProgram();
            }

            using Sysroot opened = Sysroot.Open(sysroot);
            return action(opened).GetAwaiter().GetResult();
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);
}
