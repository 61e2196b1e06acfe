// A signature as cosign attaches it.
namespace Bootc.Oci.Signatures;

/// <summary>A sigstore attachment: a signed payload, and annotations with the signature and what goes with it.</summary>
/// <param name="Origin">Where it was found.</param>
/// <param name="MimeType">The payload's type; other things than signatures are attached, too.</param>
/// <param name="Payload">The payload.</param>
/// <param name="Annotations">The annotations.</param>
public sealed record SigstoreSignature(string Origin, string MimeType, ReadOnlyMemory<byte> Payload, IReadOnlyDictionary<string, string> Annotations) : ImageSignature(Origin)
{
    /// <summary>The type of payloads that are signatures of images.</summary>
    public const string SimpleSigningType = "application/vnd.dev.cosign.simplesigning.v1+json";

    /// <summary>The annotation with the signature, in base64.</summary>
    public const string SignatureAnnotation = "dev.cosignproject.cosign/signature";
}
