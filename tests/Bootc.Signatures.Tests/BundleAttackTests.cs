// Bundles that try to fool: each is wrong in one way, and refused for that.
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Bootc.Signatures.Policy;
using Bootc.Signatures.Sigstore.Bundles;
using static Bootc.Signatures.Tests.TestSigstore;

namespace Bootc.Signatures.Tests;

public sealed class BundleAttackTests
{
    private static readonly TestKey Key = new("P-256");

    [Theory]
    [InlineData("v1", false, false)]
    [InlineData("v1", false, true)]
    [InlineData("v1", true, false)]
    [InlineData("v1", true, true)]
    [InlineData("v2", false, false)]
    [InlineData("v2", false, true)]
    [InlineData("v2", true, false)]
    [InlineData("v2", true, true)]
    [InlineData("v2 ECDSA", false, false)]
    [InlineData("v2 ECDSA", true, true)]
    [InlineData("v2 dsse", false, true)]
    [InlineData("v2 dsse", true, true)]
    public void Good_bundles_are_accepted(string rekor, bool byKey, bool isStatement)
    {
        JsonNode bundle = Make(new Twist { Rekor = rekor, Key = byKey ? Key : null, Statement = isStatement ? StatementOf(Artifact) : null });

        BundleEvidence evidence = Verify(bundle, byKey ? Key : null);

        Assert.StartsWith(byKey ? "the ECDSA P-256 key " : "someone@example.com of https://login.example.com", evidence.Signer);
        Assert.Equal(Now, evidence.Time);
        Assert.Equal(rekor switch { "v1" => "log.example.com", "v2 ECDSA" => "ecdsa.example.com", _ => "tiles.example.com" }, evidence.Logs.Single());
    }

    [Theory]
    [InlineData("P-256", "SHA-256withECDSA", true)]
    [InlineData("P-384", "SHA-384withECDSA", true)]
    [InlineData("P-384", "SHA-256withECDSA", true)]
    [InlineData("P-521", "SHA-512withECDSA", true)]
    [InlineData("RSA 2048", "SHA-256withRSA", true)]
    [InlineData("Ed25519", "Ed25519", true)]
    [InlineData("Ed25519", "Ed25519ph", true)]
    [InlineData("P-256", "SHA-1withECDSA", false)]
    [InlineData("P-256", "SHA-512withECDSA", false)]
    [InlineData("P-256", "NONEwithECDSA", false)]
    [InlineData("P-384", "SHA-512withECDSA", false)]
    [InlineData("RSA 2048", "SHA-1withRSA", false)]
    [InlineData("RSA 2048", "SHA-256withRSAandMGF1", false)]
    public void The_key_alone_chooses_the_algorithm(string kind, string algorithm, bool isGood)
    {
        var key = new TestKey(kind);
        JsonNode bundle = Make(new Twist { Key = key, Algorithm = algorithm });

        Exception? refusal = Record.Exception(() => Verify(bundle, key));

        Assert.Equal(isGood ? "" : $"the signature is not one of artifact by the {(kind.StartsWith('P') ? "ECDSA " : "")}{kind}", refusal?.Message.Split(" key ")[0] ?? "");
    }

    [Theory]
    [InlineData("Ed25519", "Ed25519", true)]
    [InlineData("Ed25519", "Ed25519ph", false)]
    [InlineData("P-384", "SHA-384withECDSA", true)]
    public void Statements_are_signed_whole(string kind, string algorithm, bool isGood)
    {
        var key = new TestKey(kind);
        JsonNode bundle = Make(new Twist { Key = key, Algorithm = algorithm, Statement = StatementOf(Artifact, "sha512") });

        Exception? refusal = Record.Exception(() => Verify(bundle, key));

        Assert.Equal(isGood, refusal is null);
        Assert.True(isGood || refusal is InvalidSignatureException);
    }

    public static TheoryData<string, string> Twists => new()
    {
        { "late entry", "was not valid at 2025-03-04 06:06:07Z" },
        { "early entry", "was not valid at 2025-03-04 04:06:07Z" },
        { "late timestamp", "was not valid at 2025-03-04 06:06:07Z" },
        { "early timestamp", "was not valid at 2025-03-04 04:06:07Z" },
        { "late, logged by v2", "was not valid at 2025-03-04 06:06:07Z" },
        { "no time", "nothing proves when it was signed" },
        { "time of old", "did not count at 2024-06-01" },
        { "timestamp of another signature", "the timestamp is one of another signature" },
        { "timestamp of another authority", "the timestamp is not one of a trusted authority" },
        { "purpose", "is not for signing code" },
        { "authority", "leads to no trusted one" },
        { "no SCT", "has no timestamp of a log of certificates" },
        { "SCT of another log", "the trusted root does not have the log" },
        { "SCT of another certificate", "that of ct.example.com is not signed by the log" },
        { "entry of another artifact", "the log entry is of a signature of something else" },
        { "entry of another artifact, v2", "the log entry is of a signature of something else" },
        { "entry by another algorithm", "digests by 'sha1' are not supported" },
        { "entry of another signature", "the log entry is of another signature" },
        { "entry by another key", "the log entry is of a signature by another key" },
        { "entry by another key, v2", "the log entry is of a signature by another key" },
        { "entry by two verifiers", "is no verifier" },
        { "entry of a statement", "the log entry is of a signature of something else" },
        { "entry of a payload alone, v2", "the log entry is of a signature of something else" },
        { "entry of a kind unknown", "log entries of the kind rekord 0.0.1 are not supported" },
        { "entry of another version", "log entries of the kind hashedrekord 0.0.3 are not supported" },
        { "entry at another place, v2", "the inclusion proof is of entry 6, not of 7" },
        { "entry of no JSON", "the log entry is malformed" },
        { "promise of another log", "the signed entry timestamp is not signed by the log log.example.com" },
        { "checkpoint by another key", "the checkpoint is not signed by the log log.example.com" },
        { "checkpoint by another key, v2", "the checkpoint is not signed by the log tiles.example.com" },
        { "checkpoint of another log, v2", "the checkpoint is one of the log other.example.com, not of tiles.example.com" },
        { "checkpoint of a larger tree", "the checkpoint is of another tree than the inclusion proof" },
        { "checkpoint of another root", "the checkpoint is of another tree than the inclusion proof" },
        { "checkpoint without a root", "is no checkpoint" },
        { "statement of another artifact", "the statement is about other (sha256:0000" },
        { "statement of another type", "what was signed is of the type 'text/plain', and no in-toto statement" },
        { "statement that is none", "the statement is malformed: it is of the type" },
        { "statement with two subjects of a name", "the statement is malformed" },
        { "statement by SHA-1", "not about artifact" },
    };

    [Theory]
    [MemberData(nameof(Twists))]
    public void Made_to_fool(string what, string reason)
    {
        Twist twist = MakeTwist(what);

        var refusal = Assert.Throws<InvalidSignatureException>(() => Verify(Make(twist), twist.Key));

        Assert.Contains(reason, refusal.Message);
    }

    /// <summary>What is wrong in one of <see cref="Twists"/>.</summary>
    internal static Twist MakeTwist(string what)
    {
        var other = new TestKey("P-256");
        string another = Convert.ToBase64String(SHA256.HashData([1]));
        return what switch
        {
            "late entry" => new Twist { Logged = Now.AddHours(1) },
            "early entry" => new Twist { Logged = Now.AddHours(-1) },
            "late timestamp" => new Twist { Stamped = Now.AddHours(1) },
            "early timestamp" => new Twist { Stamped = Now.AddHours(-1) },
            "late, logged by v2" => new Twist { Rekor = "v2", Stamped = Now.AddHours(1) },
            "no time" => new Twist { Rekor = "v2", Stamped = null },
            "time of old" => new Twist { Key = Key, Logged = new DateTimeOffset(2024, 6, 1, 0, 0, 0, TimeSpan.Zero) },
            "timestamp of another signature" => new Twist { StampedSignature = [1] },
            "timestamp of another authority" => new Twist { TimeSigner = new TestAuthority(Now.AddYears(-1), Now.AddYears(10)).IssueForTimestamps(Now.AddYears(-1), Now.AddYears(10)) },
            "purpose" => new Twist { Purpose = "1.3.6.1.5.5.7.3.1" },
            "authority" => new Twist { Authority = new TestAuthority(Now.AddYears(-1), Now.AddYears(10)) },
            "no SCT" => new Twist { WithoutCertificateLog = true },
            "SCT of another log" => new Twist { CertificateLog = other },
            "SCT of another certificate" => new Twist { LoggedCertificate = certificate => [.. certificate[..^1], (byte)(certificate[^1] ^ 1)] },
            "entry of another artifact" => new Twist { Entry = entry => entry["spec"]!["data"]!["hash"]!["value"] = Convert.ToHexStringLower(SHA256.HashData([1])) },
            "entry of another artifact, v2" => new Twist { Rekor = "v2", Entry = entry => entry["spec"]!["hashedRekordV002"]!["data"]!["digest"] = another },
            "entry by another algorithm" => new Twist { Entry = entry => entry["spec"]!["data"]!["hash"] = new JsonObject { ["algorithm"] = "sha1", ["value"] = Convert.ToHexStringLower(SHA1.HashData(Artifact)) } },
            "entry of another signature" => new Twist { Entry = entry => entry["spec"]!["signature"]!["content"] = Convert.ToBase64String(other.Sign(Artifact)) },
            "entry by another key" => new Twist { Entry = entry => entry["spec"]!["signature"]!["publicKey"]!["content"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(other.Pem)) },
            "entry by another key, v2" => new Twist { Rekor = "v2", Key = Key, Entry = entry => entry["spec"]!["hashedRekordV002"]!["signature"]!["verifier"]!["publicKey"]!["rawBytes"] = Convert.ToBase64String(other.Der) },
            "entry by two verifiers" => new Twist { Rekor = "v2", Key = Key, Entry = entry => entry["spec"]!["hashedRekordV002"]!["signature"]!["verifier"]!["x509Certificate"] = new JsonObject { ["rawBytes"] = Convert.ToBase64String(Key.Der) } },
            "entry of a statement" => new Twist { Key = Key, Entry = MakeDsse },
            "entry of a payload alone, v2" => new Twist { Rekor = "v2", Statement = StatementOf(Artifact), Entry = entry => entry["spec"]!["hashedRekordV002"]!["data"]!["digest"] = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(StatementOf(Artifact)))) },
            "entry of a kind unknown" => new Twist { Entry = entry => entry["kind"] = "rekord" },
            "entry of another version" => new Twist { Entry = entry => entry["apiVersion"] = "0.0.3" },
            "entry at another place, v2" => new Twist { Rekor = "v2", Index = 7 },
            "entry of no JSON" => new Twist { Entry = entry => entry["spec"] = 1 },
            "promise of another log" => new Twist { PromiseSigner = other },
            "checkpoint by another key" => new Twist { CheckpointSigner = other },
            "checkpoint by another key, v2" => new Twist { Rekor = "v2", CheckpointSigner = new TestKey("Ed25519") },
            "checkpoint of another log, v2" => new Twist { Rekor = "v2", Checkpoint = text => text.Replace("tiles", "other") },
            "checkpoint of a larger tree" => new Twist { Checkpoint = text => text.Replace("\n11\n", "\n12\n") },
            "checkpoint of another root" => new Twist { Checkpoint = text => string.Join('\n', [.. text.Split('\n')[..2], another, ""]) },
            "checkpoint without a root" => new Twist { Checkpoint = text => text[..(text.LastIndexOf('\n', text.Length - 2) + 1)] },
            "statement of another artifact" => new Twist { Statement = StatementOf([1]) },
            "statement of another type" => new Twist { Statement = StatementOf(Artifact), StatementType = "text/plain" },
            "statement that is none" => new Twist { Statement = StatementOf(Artifact).Replace("in-toto.io", "in-toto.example") },
            "statement with two subjects of a name" => new Twist { Statement = StatementOf(Artifact).Replace("\"subject\":", "\"subject\":[],\"subject\":") },
            "statement by SHA-1" => new Twist { Statement = StatementOf(Artifact).Replace($"\"sha256\":\"{Convert.ToHexStringLower(SHA256.HashData(Artifact))}\"", $"\"sha1\":\"{Convert.ToHexStringLower(SHA1.HashData(Artifact))}\"") },
            _ => throw new ArgumentException(what),
        };
    }

    public static TheoryData<string, string> Changes => new()
    {
        { "no entries", "the bundle has no log entry" },
        { "no material", "'verificationMaterial' is missing" },
        { "no promise", "nothing proves when it was signed" },
        { "no promise, 0.1", "has no inclusion promise, which bundles of version 0.1 must have" },
        { "no proof", "the log entry has no inclusion proof" },
        { "no proof, 0.2", "the log entry has no inclusion proof" },
        { "no checkpoint", "the log entry has no inclusion proof with a checkpoint" },
        { "another time", "the signed entry timestamp is not signed by the log" },
        { "another index", "the signed entry timestamp is not signed by the log" },
        { "another place", "the inclusion proof does not lead" },
        { "beyond the tree", "is no way through a tree" },
        { "negative place", "is no way through a tree" },
        { "shorter way", "the inclusion proof does not lead" },
        { "longer way", "the inclusion proof does not lead" },
        { "short hash", "is no way through a tree" },
        { "another log", "which the trusted root does not have" },
        { "other log of the root", "is not signed by the log tiles.example.com" },
        { "another kind", "the log entry is said to be of the kind dsse 0.0.1, and is hashedrekord 0.0.1" },
        { "digest", "the bundle is for an artifact whose SHA2_256 digest is" },
        { "algorithm", "digests by 'SHA3_256' are not supported" },
        { "both contents", "there is not one of 'messageSignature' and 'dsseEnvelope'" },
        { "no content", "there is not one of 'messageSignature' and 'dsseEnvelope'" },
        { "certificate and key", "there is not one of" },
        { "root in the chain", "has a root, which the verifier must know itself" },
        { "chain in 0.3", "a bundle of version 0.3 has no" },
        { "certificate in 0.2", "a bundle of version 0.2 has no" },
        { "version", "it is of the type 'application/vnd.dev.sigstore.bundle+json;version=0.4'" },
        { "unknown", "the key 'verificationMaterial.more' is not known" },
        { "both names", "'verificationMaterial.tlogEntries' comes twice" },
        { "wrong type", "'verificationMaterial.tlogEntries' is no list" },
        { "base64", "is no base64" },
        { "spare bits", "is no base64" },
        { "number", "is no whole number" },
        { "many entries", "has 33 items, more than 32" },
        { "many timestamps", "has 33 items, more than 32" },
        { "one bad timestamp", "the timestamp is malformed" },
        { "one bad entry", "which the trusted root does not have" },
        { "note", "is no signed note" },
        { "no signature of the note", "is no signed note" },
        { "note of a stranger", "the checkpoint is not signed by the log" },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void Changed_afterwards(string what, string reason)
    {
        var refusal = Assert.Throws<InvalidSignatureException>(() => Verify(MakeChanged(what)));

        Assert.Contains(reason, refusal.Message);
    }

    /// <summary>A good bundle, changed as one of <see cref="Changes"/> says.</summary>
    internal static JsonNode MakeChanged(string what)
    {
        JsonNode bundle = Make(new Twist { Stamped = what == "no promise" ? null : Now });
        JsonNode material = bundle["verificationMaterial"]!;
        JsonNode entry = material["tlogEntries"]![0]!;
        Change(what, bundle, material, entry, entry["inclusionProof"]!);
        return bundle;
    }

    private static void Change(string what, JsonNode bundle, JsonNode material, JsonNode entry, JsonNode proof)
    {
        JsonArray hashes = proof["hashes"]!.AsArray();
        JsonNode checkpoint = proof["checkpoint"]!;
        switch (what)
        {
            case "no entries": material["tlogEntries"] = new JsonArray(); break;
            case "no material": bundle["verificationMaterial"] = null; break;
            case "no promise": entry["inclusionPromise"] = null; break;
            case "no promise, 0.1": MakeOld(bundle, "0.1"); entry["inclusionPromise"] = null; break;
            case "no proof": entry["inclusionProof"] = null; break;
            case "no proof, 0.2": MakeOld(bundle, "0.2"); entry["inclusionProof"] = null; break;
            case "no checkpoint": proof["checkpoint"] = null; break;
            case "another time": entry["integratedTime"] = $"{Now.ToUnixTimeSeconds() + 1}"; break;
            case "another index": entry["logIndex"] = "7"; break;
            case "another place": proof["logIndex"] = "5"; break;
            case "beyond the tree": proof["logIndex"] = "11"; break;
            case "negative place": proof["logIndex"] = "-1"; break;
            case "shorter way": hashes.RemoveAt(hashes.Count - 1); break;
            case "longer way": hashes.Add(Convert.ToBase64String(new byte[32])); break;
            case "short hash": hashes[0] = Convert.ToBase64String(new byte[31]); break;
            case "another log": entry["logId"]!["keyId"] = Convert.ToBase64String(new byte[32]); break;
            case "other log of the root": entry["logId"]!["keyId"] = (string)RootJson()["tlogs"]![1]!["logId"]!["keyId"]!; break;
            case "another kind": entry["kindVersion"]!["kind"] = "dsse"; break;
            case "digest": bundle["messageSignature"]!["messageDigest"]!["digest"] = Convert.ToBase64String(new byte[32]); break;
            case "algorithm": bundle["messageSignature"]!["messageDigest"]!["algorithm"] = 4; break;
            case "both contents": bundle["dsseEnvelope"] = new JsonObject(); break;
            case "no content": bundle["messageSignature"] = null; break;
            case "certificate and key": material["publicKey"] = new JsonObject(); break;
            case "root in the chain":
                MakeOld(bundle, "0.2");
                material["x509CertificateChain"]!["certificates"]!.AsArray().Add(RootJson()["certificateAuthorities"]![0]!["certChain"]!["certificates"]![1]!.DeepClone());
                break;
            case "chain in 0.3": MakeOld(bundle, "0.3"); break;
            case "certificate in 0.2": bundle["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.2"; break;
            case "version": bundle["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.4"; break;
            case "unknown": material["more"] = 1; break;
            case "both names": material["tlog_entries"] = new JsonArray(); break;
            case "wrong type": material["tlogEntries"] = new JsonObject(); break;
            case "base64": bundle["messageSignature"]!["signature"] = " " + (string)bundle["messageSignature"]!["signature"]!; break;
            case "spare bits": hashes[0] = ((string)hashes[0]!)[..42] + "B="; break;
            case "number": entry["logIndex"] = "007"; break;
            case "many entries": material["tlogEntries"] = new JsonArray([.. Enumerable.Range(0, 33).Select(_ => entry.DeepClone())]); break;
            case "many timestamps": material["timestampVerificationData"]!["rfc3161Timestamps"] = new JsonArray([.. Enumerable.Range(0, 33).Select(_ => new JsonObject { ["signedTimestamp"] = "YQ==" })]); break;
            case "one bad timestamp": material["timestampVerificationData"]!["rfc3161Timestamps"]!.AsArray().Add((JsonNode)new JsonObject { ["signedTimestamp"] = "YQ==" }); break;
            case "one bad entry":
                JsonNode bad = entry.DeepClone();
                bad["logId"]!["keyId"] = Convert.ToBase64String(new byte[32]);
                material["tlogEntries"]!.AsArray().Add(bad);
                break;
            case "note": checkpoint["envelope"] = "hello"; break;
            case "no signature of the note": checkpoint["envelope"] = ((string)checkpoint["envelope"]!).Split("\u2014")[0] + "\n"; break;
            case "note of a stranger": checkpoint["envelope"] = ((string)checkpoint["envelope"]!).Replace("\u2014 log", "\u2014 stranger"); break;
            default: throw new ArgumentException(what);
        }
    }

    [Fact]
    public void Old_bundles_without_a_proof_count_by_their_promise()
    {
        JsonNode bundle = Make(new Twist());
        MakeOld(bundle, "0.1");
        bundle["verificationMaterial"]!["tlogEntries"]![0]!["inclusionProof"] = null;

        Assert.Equal(Now, Verify(bundle).Time);
    }

    [Fact]
    public void What_was_signed_of_a_statement_is_no_artifact()
    {
        JsonNode bundle = Make(new Twist { Key = Key, Statement = StatementOf(Artifact) });
        bundle["messageSignature"] = new JsonObject { ["signature"] = (string)bundle["dsseEnvelope"]!["signatures"]![0]!["sig"]! };
        bundle["dsseEnvelope"] = null;

        var refusal = Assert.Throws<InvalidSignatureException>(() => Verify(bundle, Key, artifact: Encode("application/vnd.in-toto+json", StatementOf(Artifact))));

        Assert.Contains("the log entry is of a signature of something else", refusal.Message);
    }

    [Theory]
    [InlineData(2, "has 2 signatures, not one")]
    [InlineData(0, "has 0 signatures, not one")]
    public void Statements_have_one_signature(int count, string reason)
    {
        JsonNode bundle = Make(new Twist { Statement = StatementOf(Artifact) });
        JsonNode signature = bundle["dsseEnvelope"]!["signatures"]![0]!;
        bundle["dsseEnvelope"]!["signatures"] = new JsonArray([.. Enumerable.Range(0, count).Select(_ => signature.DeepClone())]);

        Assert.Contains(reason, Assert.Throws<InvalidSignatureException>(() => Verify(bundle)).Message);
    }

    [Fact]
    public void A_bundle_without_a_log_counts_only_by_a_key_and_where_that_is_enough()
    {
        JsonNode byKey = Make(new Twist { Key = Key, Stamped = null });
        JsonNode byCertificate = Make(new Twist { Stamped = null });
        byKey["verificationMaterial"]!["tlogEntries"] = null;
        byCertificate["verificationMaterial"]!["tlogEntries"] = null;
        var verifier = new BundleVerifier(Root(), BundleDemands.All with { LogEntry = false });

        Assert.Contains("no log entry", Assert.Throws<InvalidSignatureException>(() => Verify(byKey, Key)).Message);
        Assert.Empty(verifier.Verify(Parse(byKey), ExpectedSigner.OfKey(Encoding.ASCII.GetBytes(Key.Pem), "key"), SignedArtifact.FromBytes(Artifact, "x")).Logs);
        Assert.Contains("nothing proves when", Assert.Throws<InvalidSignatureException>(() => verifier.Verify(Parse(byCertificate), ExpectedSigner.OfIdentity(Identity, Issuer), SignedArtifact.FromBytes(Artifact, "x"))).Message);
    }

    [Theory]
    [InlineData("tlogs", "did not count at 2025-03-04 05:06:07Z but from 2025-01-01 00:00:00Z to 2025-03-01 00:00:00Z")]
    [InlineData("ctlogs", "the key of the log ct.example.com did not count at")]
    [InlineData("certificateAuthorities", "the trusted root has no authority that counted at")]
    [InlineData("timestampAuthorities", "the trusted root has no authority for timestamps that counted at")]
    public void Keys_and_authorities_count_in_their_time(string what, string reason)
    {
        JsonNode bundle = Make(new Twist());
        TrustedRoot root = Root(json => json[what]!.AsArray().ToList().ForEach(item => (item!["validFor"] ?? item["publicKey"]!["validFor"])!["end"] = "2025-03-01T00:00:00Z"));

        Assert.Contains(reason, Assert.Throws<InvalidSignatureException>(() => Verify(bundle, root: root)).Message);
    }

    [Theory]
    [InlineData("tlogs")]
    [InlineData("ctlogs")]
    [InlineData("certificateAuthorities")]
    [InlineData("timestampAuthorities")]
    public void Nothing_counts_that_the_root_does_not_have(string what)
    {
        JsonNode bundle = Make(new Twist());

        Assert.Throws<InvalidSignatureException>(() => Verify(bundle, root: Root(json => json[what] = new JsonArray())));
    }

    [Theory]
    [InlineData("{}", "it is of the type ''")]
    [InlineData("{\"mediaType\":\"application/vnd.dev.sigstore.trustedroot+json;version=0.1\",\"tlogs\":[{\"logId\":{\"keyId\":\"YWJjZA==\"},\"publicKey\":{\"rawBytes\":\"YQ==\",\"validFor\":{}}}]}", "'tlogs[0].publicKey.validFor.start' is missing")]
    [InlineData("[]", "the document is no object")]
    [InlineData("{\"mediaType\":\"application/vnd.dev.sigstore.trustedroot+json;version=0.1\",\"x\":1}", "the key 'x' is not known")]
    [InlineData("{\"mediaType\":\"application/vnd.dev.sigstore.trustedroot+json;version=0.1\",\"tlogs\":[{}]}", "'tlogs[0].logId' is missing")]
    [InlineData("{\"mediaType\":\"application/vnd.dev.sigstore.trustedroot+json;version=0.1\",\"certificateAuthorities\":[{\"certChain\":{\"certificates\":[{\"rawBytes\":\"YQ==\"}]}}]}", "cannot be read")]
    public void Trusted_roots_that_are_none(string json, string reason) =>
        Assert.Contains(reason, Assert.Throws<TrustRootException>(() => TrustedRoot.Parse(Encoding.UTF8.GetBytes(json), "root")).Message);

    [Fact]
    public void A_key_that_is_not_what_the_root_says_is_of_no_use()
    {
        JsonNode bundle = Make(new Twist());
        TrustedRoot root = Root(json => json["tlogs"]![0]!["publicKey"]!["keyDetails"] = "PKIX_ED25519");

        Assert.Contains("the key of the log log.example.com in the trusted root cannot be used: it is an ECDSA P-256 key", Assert.Throws<InvalidSignatureException>(() => Verify(bundle, root: root)).Message);
    }

    private static SigstoreBundle Parse(JsonNode bundle) => SigstoreBundle.Parse(Encoding.UTF8.GetBytes(bundle.ToJsonString()));

    // A bundle as versions before 0.3 have it.
    private static void MakeOld(JsonNode bundle, string version)
    {
        bundle["mediaType"] = $"application/vnd.dev.sigstore.bundle+json;version={version}";
        JsonNode material = bundle["verificationMaterial"]!;
        material["x509CertificateChain"] = new JsonObject { ["certificates"] = new JsonArray(material["certificate"]!.DeepClone()) };
        material["certificate"] = null;
    }

    // The same signature and digest, as one of a statement.
    private static void MakeDsse(JsonNode entry)
    {
        JsonNode spec = entry["spec"]!;
        entry["kind"] = "dsse";
        entry["spec"] = new JsonObject
        {
            ["payloadHash"] = spec["data"]!["hash"]!.DeepClone(),
            ["signatures"] = new JsonArray(new JsonObject { ["signature"] = (string)spec["signature"]!["content"]!, ["verifier"] = (string)spec["signature"]!["publicKey"]!["content"]! }),
        };
    }
}
