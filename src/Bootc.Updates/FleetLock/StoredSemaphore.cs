// A semaphore as a store had it at some moment.
namespace Bootc.Updates.FleetLock;

/// <summary>A semaphore and the revision by which a store knows whether it was changed since.</summary>
/// <param name="Value">The semaphore; <see langword="null"/> when there is none yet.</param>
/// <param name="Revision">Grows with every change; 0 when there is none yet.</param>
public readonly record struct StoredSemaphore(RebootSemaphore? Value, long Revision);
