// What a repository says of a host just now.
namespace Bootc.Updates.Git;

/// <summary>The commit that was accepted last, and what it makes of the host.</summary>
/// <param name="State">What the host remembers, with the commit.</param>
/// <param name="Wish">What the documents want of the host; <see langword="null"/> when no commit was accepted yet.</param>
public sealed record GitView(GitState State, RenderedHost? Wish)
{
    /// <summary>Why nothing newer could be accepted, and what is waited for; <see langword="null"/> when nothing is wrong.</summary>
    public string? Problem { get; init; }

    /// <summary>The commit, short.</summary>
    public string? Commit => State.Accepted?[..12];
}
