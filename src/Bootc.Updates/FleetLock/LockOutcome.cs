// What came of a request to a semaphore.
namespace Bootc.Updates.FleetLock;

/// <summary>What came of a request to a semaphore.</summary>
/// <param name="IsHolder">Whether the one who asked holds the semaphore now.</param>
/// <param name="IsChanged">Whether the request changed the semaphore.</param>
/// <param name="Semaphore">The semaphore with that change.</param>
public readonly record struct LockOutcome(bool IsHolder, bool IsChanged, RebootSemaphore Semaphore);
