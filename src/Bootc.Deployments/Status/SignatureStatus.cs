// A signature that was good when an image was pulled.
using System.Text.Json.Serialization;

namespace Bootc.Deployments.Status;

/// <summary>A signature of an image.</summary>
public sealed record SignatureStatus
{
    /// <summary>By whom: a key, or the identity in a certificate.</summary>
    public required string Signer { get; init; }

    /// <summary>The name under which the image was signed, if the signature has one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Reference { get; init; }

    /// <summary>When it was logged, where that was verified.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? Logged { get; init; }

    /// <summary>Where it was found.</summary>
    public required string Origin { get; init; }
}
