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

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    // Locks by open file description carry no process; who has the file open is the one.
    private static string DescribeHolder(DirectoryHandle root)
    {
        if (root.TryGetStatus(Name) is not { } lockFile)
        {
            return "another process";
        }

        foreach (string process in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(process), out int id) || id == Environment.ProcessId || !HasOpen(process, lockFile))
            {
                continue;
            }

            string command = File.ReadAllText($"{process}/comm").Trim();
            return $"process {id} ({command})";
        }

        return "another process";
    }

    private static bool HasOpen(string process, FileStatus lockFile)
    {
        try
        {
            using DirectoryHandle descriptors = DirectoryHandle.Open(process + "/fd");
            foreach (DirectoryEntry descriptor in descriptors.List())
            {
                using DirectoryHandle info = DirectoryHandle.Open(process + "/fdinfo");
                if (info.TryReadAllText(descriptor.Name)?.Contains($"ino:\t{lockFile.Inode}\n", StringComparison.Ordinal) == true)
                {
                    return true;
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The process ended, or is not ours to look into.
        }

        return false;
    }
}
