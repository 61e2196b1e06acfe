// What a check of a repository found.
namespace Bootc.Ostree;

/// <summary>The outcome of a check.</summary>
/// <param name="Objects">How many objects were checked.</param>
/// <param name="Commits">How many commits were followed.</param>
/// <param name="PartialCommits">How many of them are marked partial.</param>
/// <param name="Findings">What is wrong.</param>
public sealed record FsckResult(long Objects, int Commits, int PartialCommits, IReadOnlyList<FsckFinding> Findings);
