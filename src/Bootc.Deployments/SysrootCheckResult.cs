// What a check of a sysroot found.
using Bootc.Ostree;

namespace Bootc.Deployments;

/// <summary>The outcome of a check.</summary>
/// <param name="Repository">What the check of the repository found.</param>
/// <param name="Findings">All that is wrong, as lines for users.</param>
public sealed record SysrootCheckResult(FsckResult Repository, IReadOnlyList<string> Findings);
