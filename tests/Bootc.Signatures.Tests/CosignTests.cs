// cosign verifies what we sign, we verify what it signs, and both decide the same of bundles, whatever is wrong with them.
using System.Text;
using System.Text.Json.Nodes;
using Bootc.Oci;
using Bootc.Oci.Registry;
using Bootc.Signatures.Signing;
using Bootc.Signatures.Sigstore.Bundles;
using Bootc.Testing;

namespace Bootc.Signatures.Tests;

public sealed class CosignTests : IDisposable
{
    // cosign passes over proofs that it does not need, over what only repeats what is signed, and over certificates that it need not have.
    private static readonly string[] StricterThanCosign =
    [
        "checkpoint of a larger tree", "statement that is none", "changed: another kind", "changed: root in the chain", "changed: certificate in 0.2", "changed: one bad timestamp",
        "changed: one bad entry", "changed: note of a stranger",
    ];
    private readonly TestDirectory _directory = new("cosign");

    public void Dispose() => _directory.Dispose();

    private OciOptions Options => new() { Root = _directory["root"], Attempts = 2, FirstDelay = TimeSpan.FromMilliseconds(1) };

    [Theory]
    [InlineData("use-sigstore-attachments", "--new-bundle-format=false")]
    [InlineData("use-sigstore-bundles", "--new-bundle-format=true")]
    public async Task What_cosign_signs_we_verify(string setting, string format)
    {
        RequireCosign();
        using var registry = new RealRegistry(_directory);
        string image = $"{registry.Address}/os/image";
        Push($"{image}:1");
        Cosign("generate-key-pair").Succeeded();
        Cosign($"sign --key cosign.key --tlog-upload=false --use-signing-config=false {format} -y {image}:1").Succeeded();
        _directory.Write("root/etc/containers/registries.d/test.yaml", $"default-docker: {{{setting}: true}}\n");
        string identity = $$""","signedIdentity":{"type":"exactRepository","dockerRepository":"{{image}}"}""";

        PolicyVerdict verdict = await Check.RunAsync($$"""{"type":"sigstoreSigned","keyPath":"{{_directory["cosign.pub"]}}"{{identity}}}""", $"docker://{image}:1", Options);
        PolicyVerdict other = await Check.RunAsync($$"""{"type":"sigstoreSigned","keyData":"{{Convert.ToBase64String(Encoding.ASCII.GetBytes(new TestKey("P-256").Pem))}}"{{identity}}}""", $"docker://{image}:1", Options);

        Assert.True(verdict.IsSigned, verdict.Reason);
        Assert.Contains("the signature is not one", other.Reason);
    }

    // As in Debian trixie. It makes no bundles of images.
    [Fact]
    public async Task What_cosign_2_signs_we_verify()
    {
        RequireCosign2();
        using var registry = new RealRegistry(_directory);
        string image = $"{registry.Address}/os/image";
        Push($"{image}:1");
        Cosign2("generate-key-pair").Succeeded();
        Cosign2($"sign --key cosign.key --tlog-upload=false -y {image}:1").Succeeded();
        _directory.Write("root/etc/containers/registries.d/test.yaml", "default-docker: {use-sigstore-attachments: true}\n");
        string identity = $$""","signedIdentity":{"type":"exactRepository","dockerRepository":"{{image}}"}""";

        PolicyVerdict verdict = await Check.RunAsync($$"""{"type":"sigstoreSigned","keyPath":"{{_directory["cosign.pub"]}}"{{identity}}}""", $"docker://{image}:1", Options);
        PolicyVerdict other = await Check.RunAsync($$"""{"type":"sigstoreSigned","keyData":"{{Convert.ToBase64String(Encoding.ASCII.GetBytes(new TestKey("P-256").Pem))}}"{{identity}}}""", $"docker://{image}:1", Options);

        Assert.True(verdict.IsSigned, verdict.Reason);
        Assert.Contains("the signature is not one", other.Reason);
    }

    [Theory]
    [InlineData("P-256")]
    [InlineData("RSA 2048")]
    [InlineData("Ed25519")]
    public async Task What_we_sign_cosign_2_verifies(string kind)
    {
        RequireCosign2();
        using var registry = new RealRegistry(_directory);
        string image = $"{registry.Address}/os/image";
        Push($"{image}:1");
        var key = new TestKey(kind);
        _directory.Write("cosign.pub", key.Pem);
        _directory.Write("other.pub", new TestKey(kind).Pem);

        await new ImageSigner(new RegistryClient(Options), SigningKey.FromPem(Encoding.ASCII.GetBytes(key.PrivatePem), () => "")).SignAsync(RegistryReference.Parse($"{image}:1"), $"{image}:1", TestContext.Current.CancellationToken);

        Cosign2($"verify --key cosign.pub --insecure-ignore-tlog {image}:1").Succeeded();
        Assert.NotEqual(0, Cosign2($"verify --key other.pub --insecure-ignore-tlog {image}:1").ExitCode);
    }

    // As cosign does by default since version 3. The registry has no list of what refers to an image, so that it is kept under a tag.
    [Theory]
    [InlineData("P-256")]
    [InlineData("P-384")]
    [InlineData("RSA 2048")]
    [InlineData("Ed25519")]
    public async Task Bundles_that_we_put_beside_images_cosign_verifies(string kind)
    {
        RequireCosign();
        using var registry = new RealRegistry(_directory);
        string image = $"{registry.Address}/os/image";
        Push($"{image}:1");
        var key = new TestKey(kind);
        _directory.Write("cosign.pub", key.Pem);
        _directory.Write("other.pub", new TestKey(kind).Pem);
        Assert.NotEqual(0, Cosign($"verify --key cosign.pub --insecure-ignore-tlog {image}:1").ExitCode);

        await new ImageSigner(new RegistryClient(Options), SigningKey.FromPem(Encoding.ASCII.GetBytes(key.PrivatePem), () => "")).SignBundleAsync(RegistryReference.Parse($"{image}:1"), TestContext.Current.CancellationToken);

        Cosign($"verify --key cosign.pub --insecure-ignore-tlog {image}:1").Succeeded();
        Assert.NotEqual(0, Cosign($"verify --key other.pub --insecure-ignore-tlog {image}:1").ExitCode);
    }

    [Fact]
    public async Task What_we_sign_cosign_verifies()
    {
        RequireCosign();
        using var registry = new RealRegistry(_directory);
        string image = $"{registry.Address}/os/image";
        Push($"{image}:1");
        Cosign("generate-key-pair").Succeeded();
        var key = SigningKey.FromPem(File.ReadAllBytes(_directory["cosign.key"]), () => "secret");
        _directory.Write("other.pub", new TestKey("P-256").Pem);

        await new ImageSigner(new RegistryClient(Options), key).SignAsync(RegistryReference.Parse($"{image}:1"), $"{image}:1", TestContext.Current.CancellationToken);

        Cosign($"verify --key cosign.pub --insecure-ignore-tlog {image}:1").Succeeded();
        Assert.NotEqual(0, Cosign($"verify --key other.pub --insecure-ignore-tlog {image}:1").ExitCode);
    }

    [Theory]
    [InlineData("P-256")]
    [InlineData("P-384")]
    [InlineData("RSA 2048")]
    [InlineData("Ed25519")]
    public void Bundles_of_cosign_for_files(string kind)
    {
        RequireCosign();
        var key = new TestKey(kind);
        _directory.Write("pkcs8.pem", key.PrivatePem);
        _directory.Write("file", "hello");
        Cosign("import-key-pair --key pkcs8.pem -y").Succeeded();
        Cosign("sign-blob --key import-cosign.key --bundle bundle.json --tlog-upload=false --use-signing-config=false -y file").Succeeded();
        var verifier = new BundleVerifier(TestSigstore.Root(), new BundleDemands(LogEntry: false, Timestamps: true, CertificateLog: true));

        BundleEvidence evidence = verifier.Verify(SigstoreBundle.Load(_directory["bundle.json"]), ExpectedSigner.OfKey(Encoding.ASCII.GetBytes(key.Pem), "key"), SignedArtifact.FromFile(_directory["file"]));

        Assert.EndsWith(Keys.PublicKey.FromPem(Encoding.ASCII.GetBytes(key.Pem)).Fingerprint[..16], evidence.Signer);
        Assert.Throws<InvalidSignatureException>(() => verifier.Verify(SigstoreBundle.Load(_directory["bundle.json"]), ExpectedSigner.OfKey(Encoding.ASCII.GetBytes(key.Pem), "key"), SignedArtifact.FromBytes("x"u8.ToArray(), "x")));
    }

    [Fact]
    public void Cosign_decides_the_same_of_bundles()
    {
        RequireCosign();
        File.WriteAllText(_directory["root.json"], TestSigstore.RootJson().ToJsonString());
        File.WriteAllBytes(_directory["artifact"], TestSigstore.Artifact);
        var script = new StringBuilder();
        var ours = new Dictionary<string, string?>();
        foreach ((string name, JsonNode bundle, TestKey? key) in Bundles())
        {
            string file = $"bundle-{ours.Count}";
            _directory.Write(file, bundle.ToJsonString());
            string signer = key is null ? $"--certificate-identity {TestSigstore.Identity} --certificate-oidc-issuer {TestSigstore.Issuer}" : $"--key {Path.GetFileName(_directory.Write($"{file}.pub", key.Pem))}";
            string command = bundle["dsseEnvelope"] is null ? "verify-blob" : "verify-blob-attestation --type https://example.com/predicate";
            script.Append($"cosign {command} --trusted-root root.json --use-signed-timestamps --bundle {file} {signer} artifact >{file}.log 2>&1 && echo '{name}|yes' || echo \"{name}|no\"\n");
            ours[name] = Record.Exception(() => TestSigstore.Verify(bundle, key))?.Message;
        }

        Dictionary<string, bool> theirs = Run($"cd {_directory.Path}; export HOME={_directory.Path}; {script}").Succeeded()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).ToDictionary(line => line.Split('|')[0], line => line.EndsWith("yes", StringComparison.Ordinal));

        Assert.Equal(ours.Count, theirs.Count);
        Assert.True(theirs.Values.Count(accepted => accepted) >= 8, "nearly everything was refused");
        string[] differences = [.. ours.Where(bundle => (bundle.Value is null) != theirs[bundle.Key] && !StricterThanCosign.Contains(bundle.Key))
            .Select(bundle => $"{bundle.Key}: cosign {(theirs[bundle.Key] ? "accepts it" : $"says {File.ReadAllText(_directory[$"bundle-{ours.Keys.ToList().IndexOf(bundle.Key)}.log"])}")}; {bundle.Value ?? "accepted"}")];
        Assert.True(differences.Length == 0, string.Join('\n', differences));
    }

    private static IEnumerable<(string Name, JsonNode Bundle, TestKey? Key)> Bundles()
    {
        foreach (string rekor in (string[])["v1", "v2"])
        {
            yield return ($"good, {rekor}", TestSigstore.Make(new TestSigstore.Twist { Rekor = rekor }), null);
            var key = new TestKey("P-256");
            yield return ($"good, {rekor}, by a key", TestSigstore.Make(new TestSigstore.Twist { Rekor = rekor, Key = key }), key);
            yield return ($"good, {rekor}, a statement", TestSigstore.Make(new TestSigstore.Twist { Rekor = rekor, Statement = TestSigstore.StatementOf(TestSigstore.Artifact) }), null);
            yield return ($"good, {rekor}, a statement by a key", TestSigstore.Make(new TestSigstore.Twist { Rekor = rekor, Key = key, Statement = TestSigstore.StatementOf(TestSigstore.Artifact) }), key);
        }

        foreach (string name in BundleAttackTests.Twists.Select(row => row.Data.Item1))
        {
            TestSigstore.Twist twist = BundleAttackTests.MakeTwist(name);
            yield return (name, TestSigstore.Make(twist), twist.Key);
        }

        foreach (string name in BundleAttackTests.Changes.Select(row => row.Data.Item1))
        {
            yield return ($"changed: {name}", BundleAttackTests.MakeChanged(name), null);
        }
    }

    private void Push(string reference) =>
        Oracle.Run("skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false", new TestImage(_directory["image"]).Name, $"docker://{reference}").Succeeded();

    private CommandResult Cosign(string arguments) => Run($"cd {_directory.Path}; export HOME={_directory.Path} COSIGN_PASSWORD=secret; exec cosign {arguments}");

    private CommandResult Cosign2(string arguments) => Peer.Run("sh", "-c", $"cd {_directory.Path}; export HOME={_directory.Path} COSIGN_PASSWORD=secret; exec {Cosign2Program} {arguments}");

    private static string Cosign2Program => Environment.GetEnvironmentVariable("BOOTC_COSIGN2") is { Length: > 0 } program ? program : Path.Combine(TestData.RepositoryRoot, "out/cosign2/cosign");

    private static void RequireCosign2()
    {
        Oracle.Require();
        Assert.SkipUnless(File.Exists(Cosign2Program), "cosign 2 is not there: run 'build/cosign2.sh'");
    }

    private static void RequireCosign()
    {
        Oracle.Require();
        if (!IsInOracle)
        {
            Peer.Require("cosign");
        }
    }

    private static bool IsInOracle => File.Exists(Path.Combine(Oracle.Tree, "usr/bin/cosign"));

    private static CommandResult Run(string line) => IsInOracle ? Oracle.Run("sh", "-c", line) : Peer.Run("sh", "-c", line);
}
