// A sigstore attachment in a file of its own.
namespace Bootc.Oci.Signatures;

/// <summary>What follows <c>sigstore-json</c> in a signature's file.</summary>
internal sealed record SigstoreFile
{
    /// <summary>The payload's type.</summary>
    public required string MimeType { get; init; }

    /// <summary>The payload.</summary>
    public required byte[] Payload { get; init; }

    /// <summary>The annotations.</summary>
    public Dictionary<string, string>? Annotations { get; init; }
}
