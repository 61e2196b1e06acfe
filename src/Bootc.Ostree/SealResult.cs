// What sealing a repository did.
namespace Bootc.Ostree;

/// <summary>The outcome of sealing.</summary>
/// <param name="Sealed">How many files were sealed.</param>
/// <param name="Before">How many were sealed before.</param>
/// <param name="Corrupt">What was not sealed since its content is not right.</param>
public sealed record SealResult(long Sealed, long Before, IReadOnlyList<FsckFinding> Corrupt);
