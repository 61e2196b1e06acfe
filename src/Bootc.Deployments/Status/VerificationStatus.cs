// What was found of an image's signatures when it was pulled.
namespace Bootc.Deployments.Status;

/// <summary>What the containers policy said of an image when it was pulled.</summary>
public sealed record VerificationStatus
{
    /// <summary>The policy's file.</summary>
    public required string Policy { get; init; }

    /// <summary>The part of it that held for the image.</summary>
    public required string Scope { get; init; }

    /// <summary>The signatures that met its requirements.</summary>
    public required SignatureStatus[] Signatures { get; init; }
}
