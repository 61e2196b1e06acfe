// One release of an OS, as a graph of updates has it.
namespace Bootc.Updates.Graph;

/// <summary>A release.</summary>
/// <param name="Version">Its version.</param>
/// <param name="Age">Its place in time: later releases have higher numbers.</param>
public sealed record GraphNode(string Version, long Age)
{
    /// <summary>The scheme of payloads that are images: <c>REPOSITORY@DIGEST</c>.</summary>
    public const string OciScheme = "oci";

    /// <summary>The scheme of payloads that are checksums of ostree commits.</summary>
    public const string ChecksumScheme = "checksum";

    /// <summary>What is deployed.</summary>
    public string Payload { get; init; } = "";

    /// <summary>What kind of thing the payload is; <see langword="null"/> when that is not said.</summary>
    public string? Scheme { get; init; }

    /// <summary>Why no update leads past this release without it; <see langword="null"/> when it is no barrier.</summary>
    public string? Barrier { get; init; }

    /// <summary>Why no update leads away from this release; <see langword="null"/> when it is no dead end.</summary>
    public string? DeadEnd { get; init; }

    /// <summary>How it spreads; <see langword="null"/> when it is there for all.</summary>
    public Rollout? Rollout { get; init; }

    /// <summary>What else is said of it.</summary>
    public IReadOnlyDictionary<string, string> OtherMetadata { get; init; } = new Dictionary<string, string>();

    /// <summary>The digest of the image; <see langword="null"/> when the payload is none.</summary>
    public string? ImageDigest => Scheme == OciScheme && Payload.LastIndexOf('@') is >= 0 and var at ? Payload[(at + 1)..] : null;

    /// <summary>The digest of the manifest that a host would run of the image: of an index the one for its platform. <see langword="null"/> when that is not known.</summary>
    public string? HostDigest { get; init; }

    /// <summary>Whether a host is of this release, by the digest of its image or of that image's manifest for it, the checksum of its commit, or the payload whole.</summary>
    public bool Is(string identity) => identity.Length > 0 && (Payload == identity || ImageDigest == identity || HostDigest == identity);
}
