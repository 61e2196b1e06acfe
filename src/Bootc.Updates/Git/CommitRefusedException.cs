// A commit that does not lead the host.
namespace Bootc.Updates.Git;

/// <summary>The branch's commit is not accepted: it is not signed by a key that may, or does not follow the one that was accepted.</summary>
/// <param name="commit">The commit.</param>
/// <param name="reason">Why.</param>
public sealed class CommitRefusedException(string commit, string reason) : GitException($"commit {commit[..Math.Min(12, commit.Length)]} is refused: {reason}")
{
    /// <summary>The commit.</summary>
    public string Commit { get; } = commit;
}
