// A signature of an image, as it was found and not verified yet.
using System.Text.Json;

namespace Bootc.Oci.Signatures;

/// <summary>A signature that someone put beside an image. Nothing of it is to be believed before it is verified.</summary>
/// <param name="Origin">Where it was found, for messages.</param>
public abstract record ImageSignature(string Origin)
{
    /// <summary>Signatures are at most this large, in bytes.</summary>
    public const int MaximumSize = 4 * 1024 * 1024;

    /// <summary>At most so many signatures are read one by one from a place that does not say how many it has.</summary>
    public const int MaximumCount = 128;

    /// <summary>
    /// Reads a signature from a file of its own, as <c>dir:</c> and lookaside storage have it: a simple signature as it is, one of
    /// another format after a zero byte, the format's name and a newline.
    /// </summary>
    /// <exception cref="ManifestException">It is of no known format.</exception>
    public static ImageSignature Parse(ReadOnlyMemory<byte> file, string origin)
    {
        if (file.Length > 0 && file.Span[0] != 0)
        {
            return new SimpleSignature(origin, file); // OpenPGP packets, or what the verification will refuse
        }

        int newline = file.Span.IndexOf((byte)'\n');
        string format = newline < 0 ? "" : System.Text.Encoding.ASCII.GetString(file.Span[1..newline]);
        return format switch
        {
            "simple-signing" => new SimpleSignature(origin, file[(newline + 1)..]),
            "sigstore-json" => ParseSigstore(file[(newline + 1)..], origin),
            _ => throw new ManifestException($"the signature {origin} is of no known format"),
        };
    }

    private static SigstoreSignature ParseSigstore(ReadOnlyMemory<byte> json, string origin)
    {
        try
        {
            SigstoreFile file = JsonSerializer.Deserialize(json.Span, SignatureJson.Default.SigstoreFile) ?? throw new JsonException("it is null");
            return new SigstoreSignature(origin, file.MimeType, file.Payload, file.Annotations ?? []);
        }
        catch (JsonException e)
        {
            throw new ManifestException($"the signature {origin} is malformed: {e.Message}", e);
        }
    }
}
