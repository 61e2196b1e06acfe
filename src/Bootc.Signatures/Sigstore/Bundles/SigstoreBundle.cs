// A signature with all that is needed to verify it (sigstore/protobuf-specs, sigstore_bundle.proto).
using System.Text.Json;
using Bootc.Signatures.Json;
using Bootc.Signatures.Keys;
using Org.BouncyCastle.X509;

namespace Bootc.Signatures.Sigstore.Bundles;

/// <summary>A bundle of version 0.1, 0.2 or 0.3. Nothing of it is to be believed before it is verified.</summary>
public sealed class SigstoreBundle
{
    /// <summary>The media type of bundles of the newest version.</summary>
    public const string MediaType = "application/vnd.dev.sigstore.bundle.v0.3+json";

    /// <summary>Bundles are at most this large, in bytes.</summary>
    public const int MaximumSize = 32 * 1024 * 1024;

    private const int MaximumProofs = 32;
    private const string OldType = "application/vnd.dev.sigstore.bundle+json;version=";

    private SigstoreBundle(ProtoObject bundle)
    {
        Version = bundle.GetString("mediaType") switch
        {
            OldType + "0.1" => 1,
            OldType + "0.2" => 2,
            OldType + "0.3" or MediaType => 3,
            var type => throw new JsonFormatException($"it is of the type '{type}'"),
        };
        ProtoObject material = bundle.GetMessage("verificationMaterial");
        ProtoObject? message = bundle.TryGetMessage("messageSignature");
        ProtoObject? envelope = bundle.TryGetMessage("dsseEnvelope");
        bundle.End();
        Content = (message, envelope) switch
        {
            ({ }, null) => MessageSignature.Read(message),
            (null, { }) => DsseEnvelope.Read(envelope),
            _ => throw new JsonFormatException("there is not one of 'messageSignature' and 'dsseEnvelope'"),
        };
        Certificate = ReadSigner(material, Version);
        Entries = [.. Bounded(material, "tlogEntries").Select(entry => new LogEntry(entry))];
        Timestamps = material.TryGetMessage("timestampVerificationData") is { } timestamps ? ReadTimestamps(timestamps) : [];
        material.End();
    }

    /// <summary>Which version it has: 1 to 3.</summary>
    internal int Version { get; }

    /// <summary>What was signed.</summary>
    internal SignedContent Content { get; }

    /// <summary>The certificate of the signer; none where a key has signed that the verifier must have.</summary>
    internal X509Certificate? Certificate { get; }

    /// <summary>The entries of logs.</summary>
    internal IReadOnlyList<LogEntry> Entries { get; }

    /// <summary>The answers of authorities for time stamps.</summary>
    internal IReadOnlyList<byte[]> Timestamps { get; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidSignatureException">It is malformed.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static SigstoreBundle Load(string path)
    {
        using FileStream file = File.OpenRead(path);
        if (file.Length > MaximumSize)
        {
            throw new InvalidSignatureException($"the bundle has {file.Length} bytes, more than {MaximumSize}");
        }

        byte[] content = new byte[file.Length];
        file.ReadExactly(content);
        return Parse(content);
    }

    /// <summary>Reads the JSON.</summary>
    /// <exception cref="InvalidSignatureException">It is malformed.</exception>
    public static SigstoreBundle Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using JsonDocument document = StrictObject.Parse(json);
            return new SigstoreBundle(new ProtoObject(document.RootElement, ""));
        }
        catch (Exception e) when (e is JsonFormatException or FormatException)
        {
            throw new InvalidSignatureException($"the bundle is malformed: {e.Message}", e);
        }
    }

    // Certificates of authorities that come along are of no use: those that count are in the trusted root.
    private static X509Certificate? ReadSigner(ProtoObject material, int version)
    {
        ProtoObject? key = material.TryGetMessage("publicKey");
        ProtoObject? chain = material.TryGetMessage("x509CertificateChain");
        ProtoObject? certificate = material.TryGetMessage("certificate");
        if (new[] { key, chain, certificate }.Count(part => part is not null) != 1)
        {
            throw new JsonFormatException($"there is not one of '{material.PathOf("publicKey")}', 'x509CertificateChain' and 'certificate'");
        }

        if (key is not null)
        {
            _ = key.GetString("hint");
            key.End();
            return null;
        }

        if ((version >= 3) != (chain is null))
        {
            throw new JsonFormatException($"a bundle of version 0.{version} has no '{material.PathOf(chain is null ? "certificate" : "x509CertificateChain")}'");
        }

        return certificate is not null ? ReadCertificate(certificate) : ReadChain(chain!);
    }

    private static X509Certificate ReadChain(ProtoObject chain)
    {
        IReadOnlyList<X509Certificate> certificates = [.. Bounded(chain, "certificates").Select(ReadCertificate)];
        chain.End();
        if (certificates.Any(certificate => certificate.GetBasicConstraints() >= 0 && certificate.SubjectDN.Equivalent(certificate.IssuerDN)))
        {
            throw new JsonFormatException($"'{chain.PathOf("certificates")}' has a root, which the verifier must know itself");
        }

        return certificates.Count > 0 ? certificates[0] : throw new JsonFormatException($"'{chain.PathOf("certificates")}' is empty");
    }

    private static X509Certificate ReadCertificate(ProtoObject certificate)
    {
        byte[] bytes = certificate.RequireBytes("rawBytes");
        certificate.End();
        X509Certificate read = CertificateChain.ReadDer(bytes);
        return read.GetEncoded().AsSpan().SequenceEqual(bytes) ? read : throw new JsonFormatException($"'{certificate.PathOf("rawBytes")}' is not in DER");
    }

    private static List<byte[]> ReadTimestamps(ProtoObject timestamps)
    {
        var all = new List<byte[]>();
        foreach (ProtoObject timestamp in Bounded(timestamps, "rfc3161Timestamps"))
        {
            all.Add(timestamp.RequireBytes("signedTimestamp"));
            timestamp.End();
        }

        timestamps.End();
        return all;
    }

    private static IReadOnlyList<ProtoObject> Bounded(ProtoObject parent, string field) => parent.GetMessages(field) is var all && all.Count <= MaximumProofs
        ? all
        : throw new JsonFormatException($"'{parent.PathOf(field)}' has {all.Count} items, more than {MaximumProofs}");
}
