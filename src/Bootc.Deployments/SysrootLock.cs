// The lock that keeps two programs from changing one sysroot.
using Bootc.Linux;

namespace Bootc.Deployments;

/// <summary>The lock file <c>ostree/lock</c>, which libostree takes as well.</summary>
public sealed class SysrootLock : IDisposable
{
    private const string Name = "ostree/lock";
    private readonly FileLock _lock;

    private SysrootLock(FileLock heldLock) => _lock = heldLock;

    /// <summary>Takes the lock, waiting while another process holds it.</summary>
    /// <param name="root">The sysroot.</param>
    /// <param name="waiting">Told once who holds the lock, when there is a wait.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static SysrootLock Acquire(DirectoryHandle root, Action<string>? waiting, CancellationToken cancellation)
    {
        for (bool told = false; ; told = true)
        {
            if (FileLock.TryAcquire(root, Name, exclusive: true) is { } held)
            {
                return new SysrootLock(held);
            }

            if (!told)
            {
                waiting?.Invoke($"Waiting for {DescribeHolder(root)}, which is changing {root.DisplayPath}");
            }

            cancellation.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(100));
            cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Called when the lock is given back.</summary>
    internal Action? Released { get; set; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Released?.Invoke();
        _lock.Dispose();
    }

    // Locks by open file description carry no process; which descriptor holds one, its fdinfo says (proc_pid_fdinfo(5)).
    private static string DescribeHolder(DirectoryHandle root)
    {
        if (root.TryGetStatus(Name) is { } lockFile)
        {
            foreach (string process in Directory.EnumerateDirectories("/proc"))
            {
                if (int.TryParse(Path.GetFileName(process), out int id) && TryDescribe(process, id, lockFile) is { } description)
                {
                    return description;
                }
            }
        }

        return "another process";
    }

    private static string? TryDescribe(string process, int id, FileStatus lockFile)
    {
        try
        {
            using DirectoryHandle descriptors = DirectoryHandle.Open(process + "/fdinfo");
            return descriptors.List().Any(descriptor => IsHeldBy(descriptors.TryReadAllText(descriptor.Name), lockFile))
                ? $"process {id} ({File.ReadAllText($"{process}/comm").Trim()})"
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // the process ended, or is not ours to look into
        }
    }

    private static bool IsHeldBy(string? descriptor, FileStatus lockFile) => descriptor is not null
        && descriptor.Contains($"ino:\t{lockFile.Inode}\n", StringComparison.Ordinal)
        && descriptor.Contains("\nlock:\t", StringComparison.Ordinal);
}
