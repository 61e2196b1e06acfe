// skopeo decides the same by the same policy: of each image, whatever is wrong with it.
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Bootc.Testing;

namespace Bootc.Signatures.Tests;

public sealed class SkopeoTests : IDisposable
{
    private const string Email = "someone@example.com";
    private const string Issuer = "https://login.example.com";
    private const string Identity = "\"signedIdentity\":{\"type\":\"exactRepository\",\"dockerRepository\":\"example.com/os/image\"}";
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    private readonly TestDirectory _directory = new("skopeo");
    private readonly TestKey _p256 = new("P-256");
    private readonly TestKey _p384 = new("P-384");
    private readonly TestKey _rsa = new("RSA 2048");
    private readonly TestKey _ed25519 = new("Ed25519");
    private readonly TestLog _log = new();
    private readonly TestKeyRing _gpg = new();
    private readonly TestKeyRing _subkey = new(withSubkey: true, maySign: false);
    private readonly TestAuthority _authority = new(Now.AddYears(-1), Now.AddYears(1));

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Skopeo_decides_the_same()
    {
        Oracle.Require();
        Dictionary<string, TestImage> images = MakeImages();
        Dictionary<string, string> policies = MakePolicies();
        Dictionary<string, bool> theirs = AskSkopeo(images, policies);

        var differences = new List<string>();
        foreach ((string policy, string requirements) in policies)
        {
            foreach ((string name, TestImage image) in images.Where(image => Matters(policy, image.Key)))
            {
                PolicyVerdict verdict = await Check.RunAsync(requirements, image.Name);
                if (verdict.IsAccepted != theirs[$"{policy}-{name}"])
                {
                    differences.Add($"policy {policy}, image {name}: skopeo {(theirs[$"{policy}-{name}"] ? "accepts" : "refuses")} it; {(verdict.IsAccepted ? "accepted" : verdict.Reason)}");
                }
            }
        }

        Assert.Empty(differences);
        Assert.True(theirs.Count >= 200, $"only {theirs.Count} cases");
        Assert.True(theirs.Values.Count(accepted => accepted) > policies.Count, "nearly everything was refused");
    }

    // Which scope means an image of a storage, and by which name it is compared with what was signed.
    [Fact]
    public async Task Skopeo_decides_the_same_of_images_in_a_storage()
    {
        Oracle.Require();
        TestImage image = new TestImage(_directory["p256"]).SignWith(_p256);
        string root = _directory["store"];
        string place = $"containers-storage:[vfs@{root}+{_directory["run"]}]";
        // It unpacks layers only where / is a mount point.
        Oracle.Run("sh", "-ec", $"mkdir {_directory["tree"]}; mount --bind / {_directory["tree"]}; for d in proc sys dev tmp; do mount --rbind /$d {_directory["tree"]}/$d; done; exec chroot {_directory["tree"]} skopeo --insecure-policy copy -q {image.Name} '{place}{TestImage.Reference}'").Succeeded();
        using JsonDocument list = JsonDocument.Parse(File.ReadAllBytes(_directory["store/vfs-images/images.json"]));
        string id = list.RootElement[0].GetProperty("id").GetString()!;
        string[] references = [$"{place}{TestImage.Reference}", $"{place}@{id}"];
        var policies = new List<string>();
        string[] scopes =
        [
            "", $"[vfs@{root}]", $"[{root}]", $"[overlay@{root}]", $"[vfs@{root}x]", $"[{root}x]", $"[vfs@{root}]@{id}", $"[vfs@{root}]@{new string('0', 64)}", $"[vfs@{root}]{TestImage.Reference}",
            $"[vfs@{root}]example.com/os/image:2", $"[vfs@{root}]example.com/os/image", $"[vfs@{root}]example.com/os", $"[vfs@{root}]example.com", $"[vfs@{root}]example.co", $"[{root}]example.com",
        ];
        policies.AddRange(scopes.Select(scope => $$$"""{"default":[{"type":"insecureAcceptAnything"}],"transports":{"containers-storage":{"{{{scope}}}":[{"type":"reject"}]} } }"""));
        policies.AddRange(scopes.Select(scope => $$$"""{"default":[{"type":"reject"}],"transports":{"containers-storage":{"{{{scope}}}":[{"type":"insecureAcceptAnything"}]} } }"""));
        policies.Add($$$"""{"default":[{"type":"reject"}],"transports":{"containers-storage":{"[vfs@{{{root}}}]example.com":[{"type":"insecureAcceptAnything"}],"[vfs@{{{root}}}]example.com/os":[{"type":"reject"}]} } }""");
        foreach (string identity in (string[])["matchExact", "matchRepoDigestOrExact", "matchRepository"])
        {
            string requirement = Signed(_p256.Pem).Replace(Identity, "\"signedIdentity\":{\"type\":\"" + identity + "\"}");
            policies.Add("{\"default\":[" + requirement + "]}");
        }

        policies.Add($$"""{"default":[{{Signed(_p256.Pem)}}]}""");
        policies.Add($$"""{"default":[{{Signed(_rsa.Pem)}}]}""");
        var script = new StringBuilder($"cd {_directory.Path}\n");
        for (int i = 0; i < policies.Count; i++)
        {
            _directory.Write($"policy-{i}.json", policies[i]);
            for (int j = 0; j < references.Length; j++)
            {
                script.Append($"skopeo --policy policy-{i}.json copy -q --remove-signatures '{references[j]}' dir:copy >log 2>&1 && echo yes || {{ grep -q 'Source image rejected' log && echo no || cat log; }}; rm -rf copy\n");
            }
        }

        string[] theirs = Oracle.Run("sh", _directory.Write("ask.sh", script.ToString())).Succeeded().Split('\n', StringSplitOptions.RemoveEmptyEntries);

        var ours = new List<string>();
        foreach (string policy in policies)
        {
            foreach (string reference in references)
            {
                ours.Add((await Check.RunPolicyAsync(policy, reference)).IsAccepted ? "yes" : "no");
            }
        }

        Assert.Equal(policies.SelectMany((policy, i) => references.Select((reference, j) => $"{policy} {reference}: {theirs.ElementAtOrDefault((i * references.Length) + j)}")), policies.SelectMany((policy, i) => references.Select((reference, j) => $"{policy} {reference}: {ours[(i * references.Length) + j]}")));
        Assert.True(theirs.Count(answer => answer == "yes") > 20 && theirs.Count(answer => answer == "no") > 20);
    }

    // All pairs of them would take minutes, and say no more.
    private static bool Matters(string policy, string image) => image is "unsigned" or "p256" or "both" || policy switch
    {
        "p256" or "keys" or "exact" or "log" => true,
        "p384" or "rsa" or "ed25519" => image is "p384" or "rsa" or "ed25519" or "several",
        "gpg" or "gpgsubkey" or "two" => image is "gpg" or "subkey" or "gpgname" or "gpgnull",
        "fulcio" or "fulcioemail" or "fulcioissuer" or "pki" or "pkihost" => image is "fulcio" or "late" or "stranger" or "server" or "pki",
        _ => false,
    };

    private Dictionary<string, bool> AskSkopeo(Dictionary<string, TestImage> images, Dictionary<string, string> policies)
    {
        var script = new StringBuilder($"cd {_directory.Path}\n");
        foreach ((string name, string requirements) in policies)
        {
            _directory.Write($"{name}.json", $$"""{"default":[{{requirements}}]}""");
            foreach (string image in images.Keys.Where(image => Matters(name, image)))
            {
                script.Append($"skopeo --policy {name}.json copy -q dir:{image} dir:copy >{name}-{image}.log 2>&1 && echo '{name}-{image} yes' || {{ grep -q 'Source image rejected' {name}-{image}.log && echo '{name}-{image} no' || echo '{name}-{image} error'; }}; rm -rf copy\n");
            }
        }

        string output = Oracle.Run("sh", _directory.Write("ask.sh", script.ToString())).Succeeded();
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string[] errors = [.. lines.Where(line => line.EndsWith(" error", StringComparison.Ordinal)).Select(line => $"{line}: {File.ReadAllText(_directory[line.Split(' ')[0] + ".log"])}")];
        Assert.Empty(errors);
        return lines.ToDictionary(line => line.Split(' ')[0], line => line.EndsWith(" yes", StringComparison.Ordinal));
    }

    private Dictionary<string, TestImage> MakeImages()
    {
        var images = new Dictionary<string, TestImage>();
        TestImage New(string name) => images[name] = new TestImage(_directory[name]);
        New("unsigned");
        New("p256").SignWith(_p256);
        New("p384").SignWith(_p384);
        New("rsa").SignWith(_rsa);
        New("ed25519").SignWith(_ed25519);
        New("several").SignWith(_p384).SignWith(_p256);
        TestImage image = New("digest");
        image.SignWith(_p256, image.Payload(digest: "sha256:" + new string('a', 64)));
        (image = New("sha512")).SignWith(_p256, image.Payload(digest: "sha512:" + Convert.ToHexStringLower(SHA512.HashData(image.Manifest))));
        (image = New("name")).SignWith(_p256, image.Payload("example.com/os/other:1"));
        (image = New("untagged")).SignWith(_p256, image.Payload("example.com/os/image"));
        (image = New("type")).SignWith(_p256, image.Payload(type: "atomic container signature"));
        (image = New("extra")).SignWith(_p256, image.Payload(extra: ",\"more\":1"));
        (image = New("optional")).SignWith(_p256, image.Payload(optional: """{"creator":"x","timestamp":17,"more":[1,{}]}"""));
        (image = New("timestamp")).SignWith(_p256, image.Payload(optional: """{"timestamp":17.5}"""));
        (image = New("payload")).Attach(image.Payload("example.com/os/image:2"), Convert.ToBase64String(_p256.Sign(image.Payload())));
        (image = New("base64")).Attach(image.Payload(), "????");
        (image = New("lines")).Attach(image.Payload(), Convert.ToBase64String(_p256.Sign(image.Payload()), Base64FormattingOptions.InsertLineBreaks) + "\n");
        (image = New("spaces")).Attach(image.Payload(), Convert.ToBase64String(_p256.Sign(image.Payload())).Insert(8, " "));
        AddLogged(New);
        AddCertified(New);
        (image = New("gpg")).Add(_gpg.Sign(SimplePayload(image)));
        (image = New("subkey")).Add(_subkey.Sign(SimplePayload(image)));
        (image = New("gpgname")).Add(_gpg.Sign(image.Payload("example.com/os/other:1", type: "atomic container signature", optional: "{}")));
        (image = New("gpgnull")).Add(_gpg.Sign(image.Payload(type: "atomic container signature")));
        (image = New("both")).SignWith(_p256).Add(_gpg.Sign(SimplePayload(image)));
        return images;
    }

    private void AddLogged(Func<string, TestImage> create)
    {
        foreach (string name in (string[])["logged", "otherlog", "othersignature", "otherkey"])
        {
            TestImage image = create(name);
            byte[] signature = _p256.Sign(image.Payload());
            image.Attach(image.Payload(), Convert.ToBase64String(signature), (name == "otherlog" ? new TestLog() : _log).Log(
                name == "otherkey" ? _rsa.Pem : _p256.Pem, name == "othersignature" ? _p256.Sign(image.Payload()) : signature, image.Payload(), Now));
        }
    }

    private void AddCertified(Func<string, TestImage> create)
    {
        foreach (string name in (string[])["fulcio", "late", "stranger", "server", "pki"])
        {
            TestAuthority authority = name == "stranger" ? new TestAuthority(Now.AddYears(-1), Now.AddYears(1)) : _authority;
            (string certificate, ECDsa key) = authority.Issue(
                Now.AddMinutes(-10), name == "pki" ? Now.AddDays(1) : Now.AddMinutes(-5), Email, name == "pki" ? "build.example.com" : null, name == "pki" ? null : Issuer, name == "server" ? "1.3.6.1.5.5.7.3.1" : "1.3.6.1.5.5.7.3.3");
            TestImage image = create(name);
            byte[] signature = key.SignData(image.Payload(), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
            image.Attach(image.Payload(), Convert.ToBase64String(signature), ("dev.sigstore.cosign/certificate", certificate), ("dev.sigstore.cosign/chain", authority.ChainPem), _log.Log(certificate, signature, image.Payload(), name == "late" ? Now : Now.AddMinutes(-8)));
        }
    }

    private Dictionary<string, string> MakePolicies()
    {
        string p256 = Signed(_p256.Pem);
        return new()
        {
            ["accept"] = """{"type":"insecureAcceptAnything"}""",
            ["reject"] = """{"type":"reject"}""",
            ["p256"] = p256,
            ["p384"] = Signed(_p384.Pem),
            ["rsa"] = Signed(_rsa.Pem),
            ["ed25519"] = Signed(_ed25519.Pem),
            ["lines"] = p256.Insert(p256.IndexOf("LS0t", StringComparison.Ordinal) + 8, "\\r\\n"),
            ["keys"] = $$"""{"type":"sigstoreSigned","keyDatas":["{{Base64(_rsa.Pem)}}","{{Base64(_p256.Pem)}}"],{{Identity}}}""",
            ["exact"] = p256.Replace("exactRepository\",\"dockerRepository\":\"example.com/os/image", "exactReference\",\"dockerReference\":\"example.com/os/image:2"),
            ["nameless"] = p256.Replace(Identity, "\"signedIdentity\":{\"type\":\"matchRepository\"}"),
            ["log"] = p256[..^1] + $",\"rekorPublicKeyData\":\"{Base64(_log.Pem)}\"}}",
            ["fulcio"] = Fulcio(Email, Issuer),
            ["fulcioemail"] = Fulcio("x@example.com", Issuer),
            ["fulcioissuer"] = Fulcio(Email, "https://example.com"),
            ["pki"] = Pki("build.example.com"),
            ["pkihost"] = Pki("example.com"),
            ["gpg"] = SignedBy(_gpg),
            ["gpgsubkey"] = SignedBy(_subkey),
            ["two"] = $"{p256},{SignedBy(_gpg)}",
            ["base"] = """{"type":"signedBaseLayer","baseLayerIdentity":{"type":"matchExact"}}""",
        };
    }

    private string Fulcio(string email, string issuer) =>
        $$"""{"type":"sigstoreSigned","fulcio":{"caData":"{{Base64(_authority.RootPem)}}","oidcIssuer":"{{issuer}}","subjectEmail":"{{email}}"},"rekorPublicKeyData":"{{Base64(_log.Pem)}}",{{Identity}}}""";

    private string Pki(string host) =>
        $$"""{"type":"sigstoreSigned","pki":{"caRootsData":"{{Base64(_authority.RootPem)}}","subjectEmail":"{{Email}}","subjectHostname":"{{host}}"},{{Identity}}}""";

    private static byte[] SimplePayload(TestImage image) => image.Payload(type: "atomic container signature", optional: "{}");

    private static string Signed(string key) => $$"""{"type":"sigstoreSigned","keyData":"{{Base64(key)}}",{{Identity}}}""";

    private static string SignedBy(TestKeyRing ring) => $$"""{"type":"signedBy","keyType":"GPGKeys","keyData":"{{Convert.ToBase64String(ring.Export())}}",{{Identity}}}""";

    private static string Base64(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));
}
