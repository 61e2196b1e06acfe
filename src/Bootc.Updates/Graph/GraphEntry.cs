// A release as a document has it.
namespace Bootc.Updates.Graph;

/// <summary>A release in a document: for one architecture, some, or all.</summary>
/// <param name="Version">Its version.</param>
/// <param name="Age">Its place in time.</param>
public sealed record GraphEntry(string Version, long Age)
{
    /// <summary>The digest of its image.</summary>
    public string? Image { get; init; }

    /// <summary>The repository of its image, where it is not the document's.</summary>
    public string? Repository { get; init; }

    /// <summary>The checksum of its ostree commit, for hosts that know no images.</summary>
    public string? Checksum { get; init; }

    /// <summary>The architectures that it is for, by the names of containers (amd64, arm64, ...); empty for all.</summary>
    public IReadOnlyList<string> Architectures { get; init; } = [];

    /// <summary>Why it is a barrier.</summary>
    public string? Barrier { get; init; }

    /// <summary>Why it is a dead end.</summary>
    public string? DeadEnd { get; init; }

    /// <summary>How it spreads.</summary>
    public Rollout? Rollout { get; init; }

    /// <summary>The line of the document where it begins, from 1.</summary>
    public long Line { get; init; }

    /// <summary>Whether it is for an architecture.</summary>
    public bool IsFor(string architecture) => Architectures.Count == 0 || Architectures.Contains(architecture, StringComparer.Ordinal);
}
