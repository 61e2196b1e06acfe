// What came of an attempt to change a semaphore.
namespace Bootc.Updates.FleetLock;

/// <summary>Whether a semaphore was replaced, and what the store holds now.</summary>
public readonly record struct SwapResult(bool IsSwapped, StoredSemaphore Stored);
