// A change of the host that was staged.
namespace Bootc.Updates.Git;

/// <summary>A change that was staged.</summary>
/// <param name="Fingerprint">What the host is to be, with the image that it is to run.</param>
/// <param name="Boot">The boot of the host in which it was staged.</param>
public sealed record GitAttempt(string Fingerprint, string Boot)
{
    /// <summary>Whether the reboot into it was asked for: a host that comes up otherwise after that did not take it.</summary>
    public bool IsBooted { get; init; }
}
