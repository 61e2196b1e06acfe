// What a signature of an image says: which manifest, and by which name.
using System.Text.Json;
using Bootc.Oci.Model;
using Bootc.Signatures.Json;

namespace Bootc.Signatures.Sigstore;

/// <summary>The signed JSON, of the same form in simple signing and with cosign (containers/image, docs/containers-signature.5.md).</summary>
/// <param name="ManifestDigest">The digest of the manifest.</param>
/// <param name="DockerReference">The name of the image.</param>
internal sealed record SignedPayload(Digest ManifestDigest, string DockerReference)
{
    /// <summary>The <c>critical.type</c> of cosign's signatures.</summary>
    public const string Cosign = "cosign container image signature";

    /// <summary>The <c>critical.type</c> of simple signatures.</summary>
    public const string SimpleSigning = "atomic container signature";

    /// <summary>Reads a payload whose signature was verified.</summary>
    /// <exception cref="InvalidSignatureException">It is malformed, or of another type.</exception>
    public static SignedPayload Parse(ReadOnlyMemory<byte> json, string type)
    {
        try
        {
            using JsonDocument document = StrictObject.Parse(json);
            return Read(new StrictObject(document.RootElement, ""), type);
        }
        catch (JsonFormatException e)
        {
            throw new InvalidSignatureException($"what was signed is malformed: {e.Message}", e);
        }
    }

    private static SignedPayload Read(StrictObject payload, string type)
    {
        StrictObject critical = payload.GetObject("critical");
        if (payload.Get("optional").ValueKind != JsonValueKind.Null || type != Cosign)
        {
            CheckOptional(payload.GetObject("optional"));
        }

        payload.End();
        string actual = critical.GetString("type");
        StrictObject image = critical.GetObject("image");
        StrictObject identity = critical.GetObject("identity");
        critical.End();
        if (actual != type)
        {
            throw new InvalidSignatureException($"what was signed is of the type '{actual}', not '{type}'");
        }

        string digest = image.GetString("docker-manifest-digest");
        image.End();
        string reference = identity.GetString("docker-reference");
        identity.End();
        return Digest.TryParse(digest, out Digest parsed)
            ? new SignedPayload(parsed, reference)
            : throw new InvalidSignatureException($"what was signed has the malformed digest '{digest}'");
    }

    // Anything else may be there, and says nothing.
    private static void CheckOptional(StrictObject optional)
    {
        _ = optional.TryGetString("creator");
        if (optional.TryGet("timestamp") is { } timestamp && !(timestamp.ValueKind == JsonValueKind.Number && timestamp.TryGetDouble(out double time) && Math.Floor(time) == time))
        {
            throw new JsonFormatException($"'{optional.PathOf("timestamp")}' is no whole number");
        }
    }
}
