// The requirement that a commit is signed as an ostree remote's settings ask.
using Bootc.Signatures.Policy;

namespace Bootc.Signatures.Commits;

/// <summary>Signatures on the ostree commit in an image, by keys of a remote. It stands beside what containers-policy.json(5) asks of the image.</summary>
/// <param name="Remote">The remote.</param>
/// <param name="Kind">The kind of signature.</param>
public sealed record RemoteSigned(string Remote, string Kind) : PolicyRequirement
{
    /// <inheritdoc/>
    public override string Type => "ostreeRemote";

    /// <inheritdoc/>
    public override string Description => $"the ostree commit signed by {Kind} for the remote {Remote}";
}
