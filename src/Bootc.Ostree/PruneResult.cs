// What pruning removed.
namespace Bootc.Ostree;

/// <summary>What pruning found and removed.</summary>
/// <param name="Total">Objects there were.</param>
/// <param name="Deleted">Objects removed.</param>
/// <param name="BytesFreed">Space freed, in bytes.</param>
public readonly record struct PruneResult(long Total, long Deleted, long BytesFreed);
