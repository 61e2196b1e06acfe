// Where semaphores are kept.
namespace Bootc.Updates.FleetLock;

/// <summary>Keeps the semaphores of groups. What was swapped in is on disk when the call returns.</summary>
public interface ISemaphoreStore : IAsyncDisposable
{
    /// <summary>What it is, for messages.</summary>
    string Description { get; }

    /// <summary>The semaphore of a group.</summary>
    /// <exception cref="LockStoreException">It cannot be read.</exception>
    Task<StoredSemaphore> ReadAsync(string group, CancellationToken cancellation);

    /// <summary>Replaces the semaphore of a group if nobody changed it since <paramref name="revision"/>.</summary>
    /// <exception cref="LockStoreException">It cannot be changed, or whether it was is not known.</exception>
    Task<SwapResult> SwapAsync(string group, long revision, RebootSemaphore value, CancellationToken cancellation);
}
