// An image that a deployment is made of.
using System.Text.Json.Serialization;

namespace Bootc.Deployments.Status;

/// <summary>An image, as it was pulled or seen.</summary>
public sealed record ImageStatus
{
    /// <summary>Its reference.</summary>
    public required ImageReferenceStatus Image { get; init; }

    /// <summary>Its version label.</summary>
    public string? Version { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset? Timestamp { get; init; }

    /// <summary>The digest of its manifest.</summary>
    public required string ImageDigest { get; init; }

    /// <summary>Its architecture.</summary>
    public required string Architecture { get; init; }

    /// <summary>What was found of its signatures when it was pulled; absent where it was accepted without any.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public VerificationStatus? Verification { get; init; }
}
