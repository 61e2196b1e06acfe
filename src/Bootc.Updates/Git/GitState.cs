// What a host remembers of the repository that leads it.
namespace Bootc.Updates.Git;

/// <summary>The state in <c>/var/lib/bootc/git/state.json</c>.</summary>
public sealed record GitState
{
    /// <summary>The commit that was accepted last.</summary>
    public string? Accepted { get; init; }

    /// <summary>When.</summary>
    public DateTimeOffset? AcceptedAt { get; init; }

    /// <summary>Who signed it.</summary>
    public string? Signer { get; init; }

    /// <summary>Its subject.</summary>
    public string? Subject { get; init; }

    /// <summary>What the host was made into last, and is since then, by <see cref="RenderedHost.Fingerprint"/>.</summary>
    public string? Applied { get; init; }

    /// <summary>What the host was last made into, from the moment on when it was staged.</summary>
    public GitAttempt? Attempt { get; init; }

    /// <summary>The kernel arguments that documents brought; they go when the documents do not want them any more.</summary>
    public IReadOnlyList<string> KernelArguments { get; init; } = [];
}
