// Images whose signatures are in bundles that refer to them, as cosign 3 puts them into registries.
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Bootc.Oci;
using Bootc.Testing;

namespace Bootc.Signatures.Tests;

public sealed class BundleImageTests : IDisposable
{
    private const string BundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";
    private const string Predicate = "https://sigstore.dev/cosign/sign/v1";
    private static readonly TestKey Key = new("P-256");
    private readonly TestDirectory _directory = new("bundles");
    private readonly TestImage _image;

    public BundleImageTests() => _image = new TestImage(_directory["image"]);

    public void Dispose() => _directory.Dispose();

    private OciOptions Options => new() { Root = _directory["root"], Attempts = 2, FirstDelay = TimeSpan.FromMilliseconds(1) };

    public static TheoryData<string, string?> Cases => new()
    {
        { "good", null },
        { "good, by tag", null },
        { "good, logged", null },
        { "good, of someone who logged in", null },
        { "good, the artifact itself", null },
        { "good, logged by Rekor v2", null },
        { "good, of someone who logged in, logged by Rekor v2", null },
        { "Rekor v2, no timestamp", "nothing proves when it was signed" },
        { "Rekor v2, another trusted root", "which the trusted root does not have" },
        { "Rekor v2, another authority for timestamps", "the timestamp" },
        { "not asked for", "there is no such signature" },
        { "other key", "the signature is not one of the statement by the ECDSA P-256 key" },
        { "other image", "not about the image's manifest" },
        { "other predicate", "the bundle holds a statement of the type https://slsa.dev/provenance/v1, and no signature of an image" },
        { "not logged", "the bundle has no log entry" },
        { "other log", "which the trusted root does not have" },
        { "other person", "not for other@example.com" },
        { "damaged", "the bundle is malformed" },
        { "other type", "there is no such signature" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Bundles_that_refer_to_an_image(string what, string? reason)
    {
        using ScriptedServer server = Serve(what, Make(what));
        if (what != "not asked for")
        {
            _directory.Write("root/etc/containers/registries.d/test.yaml", "default-docker: {use-sigstore-bundles: true}\n");
        }

        if (what.Contains("Rekor v2", StringComparison.Ordinal) && what != "Rekor v2, another trusted root")
        {
            _directory.Write("root/etc/bootc/trusted_root.json", TestSigstore.RootJson().ToJsonString());
        }

        PolicyVerdict verdict = await Check.RunAsync(Requirement(what), $"docker://{server.Address}/os/image:1", Options);

        Assert.Equal(reason is null, verdict.IsSigned);
        Assert.Contains(reason ?? "", verdict.Reason);
        if (reason is null)
        {
            SignatureEvidence evidence = verdict.Requirements[0].Evidence!;
            Assert.Null(evidence.Reference);
            Assert.Equal(what is "good, logged" || what.StartsWith("good, of someone who logged in", StringComparison.Ordinal), evidence.Logged == TestSigstore.Now);
            Assert.DoesNotContain(" as ", evidence.ToString());
        }
    }

    private byte[] Make(string what)
    {
        string statement = TestSigstore.StatementOf(what == "other image" ? [1] : _image.Manifest).Replace("https://example.com/predicate", what == "other predicate" ? "https://slsa.dev/provenance/v1" : Predicate);
        TestKey? key = IsByPerson(what) ? null : what == "other key" ? new TestKey("P-256") : Key;
        bool isOfTiles = what.Contains("Rekor v2", StringComparison.Ordinal);
        JsonNode bundle = TestSigstore.Make(new TestSigstore.Twist
        {
            Key = key,
            Rekor = isOfTiles ? "v2" : "v1",
            Statement = statement,
            Stamped = isOfTiles && key is null && what != "Rekor v2, no timestamp" ? TestSigstore.Now : null,
            TimeSigner = what == "Rekor v2, another authority for timestamps" ? new TestAuthority(TestSigstore.Now.AddYears(-1), TestSigstore.Now.AddYears(10)).IssueForTimestamps(TestSigstore.Now.AddYears(-1), TestSigstore.Now.AddYears(10)) : null,
        });
        if (what == "good, the artifact itself")
        {
            bundle["dsseEnvelope"] = null;
            bundle["messageSignature"] = new JsonObject { ["signature"] = Convert.ToBase64String(Key.Sign(_image.Manifest)) };
        }

        if (what is "not logged" or "good, by tag")
        {
            bundle["verificationMaterial"]!["tlogEntries"] = null;
        }

        byte[] json = Encoding.UTF8.GetBytes(bundle.ToJsonString());
        return what == "damaged" ? json[..^10] : json;
    }

    private static bool IsByPerson(string what) => what.StartsWith("good, of someone who logged in", StringComparison.Ordinal) || what == "other person" || what.StartsWith("Rekor v2, ", StringComparison.Ordinal);

    private static string Requirement(string what)
    {
        string log = what switch
        {
            "good, logged" or "not logged" or "good, of someone who logged in" or "other person" => TestSigstore.LogPem,
            _ when what.Contains("Rekor v2", StringComparison.Ordinal) => TestSigstore.TilesPem,
            "other log" => new TestKey("P-256").Pem,
            _ => "",
        };
        string logged = log.Length > 0 ? $",\"rekorPublicKeyData\":\"{Base64(log)}\"" : "";
        string who = IsByPerson(what)
            ? $$"""
              "fulcio":{"caData":"{{Base64(TestSigstore.AuthorityPem)}}","oidcIssuer":"{{TestSigstore.Issuer}}","subjectEmail":"{{(what == "other person" ? "other@example.com" : TestSigstore.Identity)}}"}
              """
            : $"\"keyData\":\"{Base64(Key.Pem)}\"";
        return $$"""{"type":"sigstoreSigned",{{who}}{{logged}}}""";
    }

    // A registry that lists what refers to a manifest, or has it under a tag.
    private ScriptedServer Serve(string what, byte[] bundle)
    {
        byte[] config = "{}"u8.ToArray();
        string type = what == "other type" ? "application/spdx+json" : BundleType;
        byte[] artifact = Encoding.UTF8.GetBytes($$$"""
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"{{{type}}}","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{{{DigestOf(config)}}}","size":2},
            "layers":[{"mediaType":"{{{type}}}","digest":"{{{DigestOf(bundle)}}}","size":{{{bundle.Length}}}}],"subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{{{_image.Digest}}}","size":{{{_image.Manifest.Length}}}}}
            """);
        byte[] index = Encoding.UTF8.GetBytes($$"""
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{{DigestOf(artifact)}}","size":{{artifact.Length}},"artifactType":"{{(what == "good, by tag" ? "application/vnd.oci.empty.v1+json" : type)}}"}]}
            """);
        return new ScriptedServer(request => request.Path switch
        {
            "/v2/os/image/manifests/1" => Manifest(_image.Manifest),
            var path when path == $"/v2/os/image/referrers/{_image.Digest}" && what != "good, by tag" => new ScriptedAnswer(200, index).With("Content-Type", "application/vnd.oci.image.index.v1+json"),
            var path when path == $"/v2/os/image/manifests/{_image.Digest.Replace(':', '-')}" && what == "good, by tag" => new ScriptedAnswer(200, index).With("Content-Type", "application/vnd.oci.image.index.v1+json"),
            var path when path == $"/v2/os/image/manifests/{DigestOf(artifact)}" => Manifest(artifact),
            var path when path == $"/v2/os/image/blobs/{DigestOf(bundle)}" => new ScriptedAnswer(200, bundle),
            _ => new ScriptedAnswer(404, []),
        });
    }

    private static ScriptedAnswer Manifest(byte[] bytes) => new ScriptedAnswer(200, bytes).With("Content-Type", "application/vnd.oci.image.manifest.v1+json");

    private static string DigestOf(byte[] content) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(content))}";

    private static string Base64(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));
}
