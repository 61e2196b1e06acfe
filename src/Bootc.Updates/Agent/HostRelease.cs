// What a host runs, as graphs of updates name it.
using Bootc.Oci.Model;

namespace Bootc.Updates.Agent;

/// <summary>The release that a host runs.</summary>
/// <param name="Digest">The digest of its image's manifest.</param>
/// <param name="Version">Its version, by the image's labels; empty when they have none.</param>
/// <param name="Commit">The checksum of its ostree commit.</param>
public sealed record HostRelease(Digest Digest, string Version, string Commit)
{
    /// <summary>The repository that the host follows: registry and name, without tag and digest; <see langword="null"/> when it follows an image in no registry.</summary>
    public string? Repository { get; init; }

    /// <summary>The digest in the reference that it follows, which may be that of an index.</summary>
    public Digest? FollowedDigest { get; init; }

    /// <summary>The stream that the image says it is of (label <c>com.coreos.stream</c>).</summary>
    public string? Stream { get; init; }

    /// <summary>Images that this host had and left, or that did not boot well on it: it does not go to them by itself.</summary>
    public IReadOnlySet<string> Excluded { get; init; } = new HashSet<string>();

    /// <summary>By what a graph may know it, the most exact first.</summary>
    public IEnumerable<string> Identities => [Digest.ToString(), .. FollowedDigest is { } followed ? [followed.ToString()] : Array.Empty<string>(), Commit];
}
