// How fast semaphores change.
namespace Bootc.Fleet.Bench;

/// <summary>A rate.</summary>
/// <param name="Rate">Locks and releases a second.</param>
internal sealed record TransactionRate(double Rate);
