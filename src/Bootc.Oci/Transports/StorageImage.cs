// Entries of the lists of a containers storage, as far as they are read.
using System.Text.Json.Serialization;

namespace Bootc.Oci.Transports;

/// <summary>An image in images.json.</summary>
internal sealed record StorageImage
{
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    [JsonPropertyName("names")]
    public string[]? Names { get; init; }

    /// <summary>The digest of its manifest.</summary>
    [JsonPropertyName("digest")]
    public string? Digest { get; init; }

    /// <summary>A JSON document with the sizes of its signatures.</summary>
    [JsonPropertyName("metadata")]
    public string? Metadata { get; init; }

    /// <summary>The ID of its uppermost layer.</summary>
    [JsonPropertyName("layer")]
    public string? TopLayer { get; init; }
}

/// <summary>What an image's metadata say of its signatures, which lie one after the other in one file.</summary>
internal sealed record StorageSignatureSizes
{
    /// <summary>Those of the manifest.</summary>
    [JsonPropertyName("signature-sizes")]
    public int[]? Default { get; init; }

    /// <summary>Those of manifests by their digests.</summary>
    [JsonPropertyName("signatures-sizes")]
    public Dictionary<string, int[]>? ByDigest { get; init; }
}

/// <summary>A layer in layers.json.</summary>
internal sealed record StorageLayer
{
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    /// <summary>The ID of the layer below.</summary>
    [JsonPropertyName("parent")]
    public string? Parent { get; init; }

    /// <summary>How many bytes its tar stream has.</summary>
    [JsonPropertyName("diff-size")]
    public long? Size { get; init; }
}
