// One thing that a check found wrong.
using Bootc.Ostree.Objects;

namespace Bootc.Ostree;

/// <summary>An object that is missing or corrupt.</summary>
/// <param name="Name">The object.</param>
/// <param name="Reason">What is wrong with it.</param>
/// <param name="Commit">A commit that needs it, if any.</param>
/// <param name="Path">Where it stands in that commit.</param>
public sealed record FsckFinding(ObjectName Name, string Reason, Checksum? Commit, string? Path)
{
    /// <inheritdoc/>
    public override string ToString() => Commit is null ? $"{Name}: {Reason}" : $"{Name}: {Reason} (/{Path} of commit {Commit})";
}
