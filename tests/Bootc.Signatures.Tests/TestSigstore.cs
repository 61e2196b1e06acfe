// A whole Sigstore made for one run: authorities, logs, and the bundles that they help to make.
using System.Buffers.Binary;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Bootc.Signatures.Sigstore.Bundles;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.Tsp;
using Org.BouncyCastle.X509;

namespace Bootc.Signatures.Tests;

/// <summary>Makes bundles, and others that are wrong in one way each.</summary>
internal sealed class TestSigstore
{
    public const string Identity = "someone@example.com";
    public const string Issuer = "https://login.example.com";
    public static readonly DateTimeOffset Now = new(2025, 3, 4, 5, 6, 7, TimeSpan.Zero);
    public static readonly byte[] Artifact = "an artifact"u8.ToArray();
    private static readonly TestAuthority Authority = new(Now.AddYears(-1), Now.AddYears(10));
    private static readonly TestAuthority TimeAuthority = new(Now.AddYears(-1), Now.AddYears(10));
    private static readonly (X509Certificate2 Certificate, ECDsa Key) Time = TimeAuthority.IssueForTimestamps(Now.AddYears(-1), Now.AddYears(10));
    private static readonly TestKey CertificateLog = new("P-256");
    private static readonly TestKey Log = new("P-256");
    private static readonly TestKey Tiles = new("Ed25519");
    private static readonly TestKey EcdsaTiles = new("P-256");
    private static readonly JsonSerializerOptions Canonical = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The key of the first log, for policies.</summary>
    public static string LogPem => Log.Pem;

    /// <summary>The key of the log of Rekor v2, for policies.</summary>
    public static string TilesPem => Tiles.Pem;

    /// <summary>The certificates of the authority for signers, for policies.</summary>
    public static string AuthorityPem => Authority.ChainPem;

    /// <summary>What to do otherwise than a good Sigstore would.</summary>
    public sealed record Twist
    {
        /// <summary>Which log: <c>v1</c>, <c>v2</c> or <c>v2 ECDSA</c>, or <c>v2 dsse</c> with an entry of its own kind for statements.</summary>
        public string Rekor { get; init; } = "v1";

        /// <summary>The key that signs; someone with a certificate if there is none.</summary>
        public TestKey? Key { get; init; }

        /// <summary>The algorithm of the signature, where it is not that of all keys.</summary>
        public string? Algorithm { get; init; }

        /// <summary>The statement that is signed, instead of the artifact.</summary>
        public string? Statement { get; init; }

        public string StatementType { get; init; } = "application/vnd.in-toto+json";

        public DateTimeOffset NotBefore { get; init; } = Now.AddMinutes(-10);

        public DateTimeOffset NotAfter { get; init; } = Now.AddMinutes(10);

        public string Purpose { get; init; } = "1.3.6.1.5.5.7.3.3";

        public TestAuthority? Authority { get; init; }

        public TestKey? CertificateLog { get; init; }

        /// <summary>Changes a certificate before it is logged.</summary>
        public Func<byte[], byte[]> LoggedCertificate { get; init; } = certificate => certificate;

        public bool WithoutCertificateLog { get; init; }

        /// <summary>When the log takes the entry.</summary>
        public DateTimeOffset Logged { get; init; } = Now;

        /// <summary>The time in a timestamp, which is there unless this is null.</summary>
        public DateTimeOffset? Stamped { get; init; } = Now;

        public (X509Certificate2 Certificate, ECDsa Key)? TimeSigner { get; init; }

        /// <summary>Changes what is timestamped.</summary>
        public byte[]? StampedSignature { get; init; }

        /// <summary>Changes the entry before it is logged.</summary>
        public Action<JsonNode> Entry { get; init; } = _ => { };

        /// <summary>Changes a checkpoint before it is signed.</summary>
        public Func<string, string> Checkpoint { get; init; } = text => text;

        public TestKey? CheckpointSigner { get; init; }

        public TestKey? PromiseSigner { get; init; }

        /// <summary>Where the entry is said to be, where it is not there.</summary>
        public int? Index { get; init; }
    }

    /// <summary>The trusted root.</summary>
    /// <param name="change">Changes it.</param>
    public static TrustedRoot Root(Action<JsonNode>? change = null)
    {
        JsonNode root = RootJson();
        change?.Invoke(root);
        return TrustedRoot.Parse(Encoding.UTF8.GetBytes(root.ToJsonString()), "trusted_root.json");
    }

    /// <summary>The trusted root as JSON.</summary>
    public static JsonNode RootJson() => new JsonObject
    {
        ["mediaType"] = "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        ["tlogs"] = new JsonArray(LogOf("log.example.com", Log, "PKIX_ECDSA_P256_SHA_256"), LogOf("tiles.example.com", Tiles, "PKIX_ED25519"), LogOf("ecdsa.example.com", EcdsaTiles, "PKIX_ECDSA_P256_SHA_256")),
        ["certificateAuthorities"] = new JsonArray(AuthorityOf("https://fulcio.example.com", Authority.Chain)),
        ["ctlogs"] = new JsonArray(LogOf("ct.example.com", CertificateLog, "PKIX_ECDSA_P256_SHA_256")),
        ["timestampAuthorities"] = new JsonArray(AuthorityOf("https://time.example.com", [Time.Certificate.RawData, TimeAuthority.Root])),
    };

    /// <summary>Verifies a bundle of the artifact by whoever has signed it.</summary>
    public static BundleEvidence Verify(JsonNode bundle, TestKey? key = null, TrustedRoot? root = null, byte[]? artifact = null) => new BundleVerifier(root ?? Root()).Verify(
        SigstoreBundle.Parse(Encoding.UTF8.GetBytes(bundle.ToJsonString())),
        key is null ? ExpectedSigner.OfIdentity(Identity, Issuer) : ExpectedSigner.OfKey(Encoding.ASCII.GetBytes(key.Pem), "key"),
        SignedArtifact.FromBytes(artifact ?? Artifact, "artifact"));

    /// <summary>A statement about the artifact.</summary>
    public static string StatementOf(byte[] artifact, string algorithm = "sha256") =>
        $$$"""{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"other","digest":{"sha256":"{{{new string('0', 64)}}}"} },{"name":"it","digest":{"{{{algorithm}}}":"{{{Convert.ToHexStringLower(algorithm == "sha512" ? SHA512.HashData(artifact) : SHA256.HashData(artifact))}}}"} }],"predicateType":"https://example.com/predicate","predicate":{"any":[1,{}]} }""";

    /// <summary>What is signed of a statement.</summary>
    public static byte[] Encode(string type, string statement) => Encoding.UTF8.GetBytes($"DSSEv1 {type.Length} {type} {Encoding.UTF8.GetByteCount(statement)} {statement}");

    /// <summary>Makes a bundle of the newest version.</summary>
    public static JsonNode Make(Twist twist)
    {
        byte[] message = twist.Statement is null ? Artifact : Encode(twist.StatementType, twist.Statement);
        (JsonObject material, byte[] signature, string pem, byte[] der) = Sign(twist, message);
        byte[] body = MakeBody(twist, signature, pem, der);
        material["tlogEntries"] = new JsonArray(MakeEntry(twist, body));
        if (twist.Stamped is { } time)
        {
            material["timestampVerificationData"] = new JsonObject
            {
                ["rfc3161Timestamps"] = new JsonArray(new JsonObject { ["signedTimestamp"] = Convert.ToBase64String(Stamp(twist.StampedSignature ?? signature, time, twist.TimeSigner ?? Time)) }),
            };
        }

        var bundle = new JsonObject { ["mediaType"] = SigstoreBundle.MediaType, ["verificationMaterial"] = material };
        if (twist.Statement is null)
        {
            bundle["messageSignature"] = new JsonObject
            {
                ["messageDigest"] = new JsonObject { ["algorithm"] = "SHA2_256", ["digest"] = Convert.ToBase64String(SHA256.HashData(message)) },
                ["signature"] = Convert.ToBase64String(signature),
            };
        }
        else
        {
            bundle["dsseEnvelope"] = new JsonObject
            {
                ["payload"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(twist.Statement)),
                ["payloadType"] = twist.StatementType,
                ["signatures"] = new JsonArray(new JsonObject { ["sig"] = Convert.ToBase64String(signature), ["keyid"] = "" }),
            };
        }

        return JsonNode.Parse(bundle.ToJsonString())!;
    }

    private static (JsonObject Material, byte[] Signature, string Pem, byte[] Der) Sign(Twist twist, byte[] message)
    {
        if (twist.Key is { } key)
        {
            return (new JsonObject { ["publicKey"] = new JsonObject { ["hint"] = "any" } }, key.Sign(message, twist.Algorithm), key.Pem, key.Der);
        }

        (string pem, ECDsa signer) = (twist.Authority ?? Authority).Issue(
            twist.NotBefore, twist.NotAfter, Identity, issuer: Issuer, purpose: twist.Purpose, log: twist.WithoutCertificateLog ? null : (certificate, issuer) => LogCertificate(twist, certificate, issuer));
        byte[] der = X509Certificate2.CreateFromPem(pem).RawData;
        return (new JsonObject { ["certificate"] = new JsonObject { ["rawBytes"] = Convert.ToBase64String(der) } }, signer.SignData(message, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence), pem, der);
    }

    // RFC 6962, section 3.2.
    private static byte[] LogCertificate(Twist twist, byte[] certificate, byte[] issuer)
    {
        TestKey log = twist.CertificateLog ?? CertificateLog;
        byte[] logged = twist.LoggedCertificate(certificate);
        byte[] time = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(time, Now.ToUnixTimeMilliseconds());
        byte[] signature = log.Sign([0, 0, .. time, 0, 1, .. SHA256.HashData(issuer), 0, (byte)(logged.Length >> 8), (byte)logged.Length, .. logged, 0, 0]);
        byte[] timestamp = [0, .. SHA256.HashData(log.Der), .. time, 0, 0, 4, 3, .. Vector(signature)];
        var text = new AsnWriter(AsnEncodingRules.DER);
        text.WriteOctetString(Vector(Vector(timestamp)));
        return text.Encode();
    }

    private static byte[] Vector(byte[] bytes) => [(byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];

    private static byte[] MakeBody(Twist twist, byte[] signature, string pem, byte[] der)
    {
        byte[] signed = twist.Statement is null ? Artifact : twist.Rekor is "v1" or "v2 dsse" ? Encoding.UTF8.GetBytes(twist.Statement) : Encode(twist.StatementType, twist.Statement);
        string value = Convert.ToBase64String(signature);
        string hash = $$"""{"algorithm":"sha256","value":"{{Convert.ToHexStringLower(SHA256.HashData(signed))}}"}""";
        string hash2 = $$"""{"algorithm":"SHA2_256","digest":"{{Convert.ToBase64String(SHA256.HashData(signed))}}"}""";
        string verifier = Convert.ToBase64String(Encoding.ASCII.GetBytes(pem));
        string verifier2 = $$$"""{"keyDetails":"PKIX_ECDSA_P256_SHA_256","{{{(twist.Key is null ? "x509Certificate" : "publicKey")}}}":{"rawBytes":"{{{Convert.ToBase64String(der)}}}"} }""";
        string text = (twist.Rekor, twist.Statement) switch
        {
            ("v1", null) => $$$"""{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{{{hash}}}},"signature":{"content":"{{{value}}}","publicKey":{"content":"{{{verifier}}}"} } } }""",
            ("v1", _) => $$$"""{"apiVersion":"0.0.1","kind":"dsse","spec":{"envelopeHash":{{{hash}}},"payloadHash":{{{hash}}},"signatures":[{"signature":"{{{value}}}","verifier":"{{{verifier}}}"}]} }""",
            ("v2" or "v2 ECDSA", _) => $$$"""{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{{{hash2}}},"signature":{"content":"{{{value}}}","verifier":{{{verifier2}}}} } } }""",
            _ => $$$"""{"apiVersion":"0.0.2","kind":"dsse","spec":{"dsseV002":{"payloadHash":{{{hash2}}},"signatures":[{"content":"{{{value}}}","verifier":{{{verifier2}}}}]} } }""",
        };
        JsonNode body = JsonNode.Parse(text)!;
        twist.Entry(body);
        return Encoding.UTF8.GetBytes(body.ToJsonString(Canonical));
    }

    private static JsonObject MakeEntry(Twist twist, byte[] body)
    {
        (TestKey log, string origin) = twist.Rekor switch { "v1" => (Log, "log.example.com"), "v2 ECDSA" => (EcdsaTiles, "ecdsa.example.com"), _ => (Tiles, "tiles.example.com") };
        byte[] id = IdOf(origin, log);
        byte[][] entries = [.. Enumerable.Range(0, 11).Select(i => i == 6 ? body : [(byte)i])];
        byte[] root = TestTree.Hash(entries);
        string text = twist.Checkpoint($"{origin}{(twist.Rekor == "v1" ? " - 17" : "")}\n{entries.Length}\n{Convert.ToBase64String(root)}\n");
        byte[] signature = (twist.CheckpointSigner ?? log).Sign(Encoding.UTF8.GetBytes(text));
        string name = text.Split('\n')[0].Split(' ')[0];
        JsonNode kind = JsonNode.Parse(body)!;
        var entry = new JsonObject
        {
            ["logIndex"] = $"{twist.Index ?? (twist.Rekor == "v1" ? 1006 : 6)}",
            ["logId"] = new JsonObject { ["keyId"] = Convert.ToBase64String(id) },
            ["kindVersion"] = new JsonObject { ["kind"] = (string)kind["kind"]!, ["version"] = (string)kind["apiVersion"]! },
            ["inclusionProof"] = new JsonObject
            {
                ["logIndex"] = "6",
                ["rootHash"] = Convert.ToBase64String(root),
                ["treeSize"] = $"{entries.Length}",
                ["hashes"] = new JsonArray([.. TestTree.Prove(6, entries).Select(hash => (JsonNode)Convert.ToBase64String(hash))]),
                ["checkpoint"] = new JsonObject { ["envelope"] = $"{text}\n\u2014 {name} {Convert.ToBase64String([.. id[..4], .. signature])}\n" },
            },
            ["canonicalizedBody"] = Convert.ToBase64String(body),
        };
        if (twist.Rekor == "v1")
        {
            string promise = $$"""{"body":"{{Convert.ToBase64String(body)}}","integratedTime":{{twist.Logged.ToUnixTimeSeconds()}},"logID":"{{Convert.ToHexStringLower(id)}}","logIndex":1006}""";
            entry["integratedTime"] = $"{twist.Logged.ToUnixTimeSeconds()}";
            entry["inclusionPromise"] = new JsonObject { ["signedEntryTimestamp"] = Convert.ToBase64String((twist.PromiseSigner ?? log).Sign(Encoding.UTF8.GetBytes(promise))) };
        }

        return entry;
    }

    private static byte[] Stamp(byte[] signature, DateTimeOffset time, (X509Certificate2 Certificate, ECDsa Key) signer)
    {
        var generator = new TimeStampTokenGenerator(PrivateKeyFactory.CreateKey(signer.Key.ExportPkcs8PrivateKey()), new X509CertificateParser().ReadCertificate(signer.Certificate.RawData), TspAlgorithms.Sha256, "1.2.3.4");
        TimeStampRequest request = new TimeStampRequestGenerator().Generate(TspAlgorithms.Sha256, SHA256.HashData(signature));
        return new TimeStampResponseGenerator(generator, TspAlgorithms.Allowed).Generate(request, BigInteger.One, time.UtcDateTime).GetEncoded();
    }

    private static JsonObject LogOf(string origin, TestKey key, string details) => new()
    {
        ["baseUrl"] = $"https://{origin}",
        ["hashAlgorithm"] = "SHA2_256",
        ["publicKey"] = new JsonObject { ["rawBytes"] = Convert.ToBase64String(key.Der), ["keyDetails"] = details, ["validFor"] = new JsonObject { ["start"] = "2025-01-01T00:00:00Z" } },
        ["logId"] = new JsonObject { ["keyId"] = Convert.ToBase64String(IdOf(origin, key)) },
    };

    // A checkpoint's key ID (C2SP, signed-note.md): of ECDSA keys, it is the digest of the key alone.
    private static byte[] IdOf(string origin, TestKey key) => SHA256.HashData(key == Tiles ? [.. Encoding.UTF8.GetBytes(origin), 10, 1, .. key.Der[^32..]] : key.Der);

    private static JsonObject AuthorityOf(string uri, IEnumerable<byte[]> chain) => new()
    {
        ["subject"] = new JsonObject { ["organization"] = "test", ["commonName"] = "test" },
        ["uri"] = uri,
        ["certChain"] = new JsonObject { ["certificates"] = new JsonArray([.. chain.Select(der => (JsonNode)new JsonObject { ["rawBytes"] = Convert.ToBase64String(der) })]) },
        ["validFor"] = Period(),
    };

    private static JsonObject Period() => new() { ["start"] = "2025-01-01T00:00:00Z", ["end"] = "2026-01-01T00:00:00.000Z" };
}
