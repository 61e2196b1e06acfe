// What a repair of a sysroot put right.
using Bootc.Ostree.Objects;

namespace Bootc.Deployments;

/// <summary>The outcome of a repair.</summary>
/// <param name="Objects">The objects that are whole again.</param>
/// <param name="Images">The deployments whose composefs images are their commits' again.</param>
public sealed record RepairResult(IReadOnlySet<ObjectName> Objects, IReadOnlyList<Deployment> Images);
