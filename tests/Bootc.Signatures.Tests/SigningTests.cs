// What we sign, skopeo and cosign accept; keys are read as they and openssl make them.
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Oci.Registry;
using Bootc.Signatures.Signing;
using Bootc.Testing;

namespace Bootc.Signatures.Tests;

public sealed class SigningTests : IDisposable
{
    private readonly TestDirectory _directory = new("signing");

    public void Dispose() => _directory.Dispose();

    private OciOptions Options => new() { Root = _directory["root"], Attempts = 2, FirstDelay = TimeSpan.FromMilliseconds(1) };

    [Theory]
    [InlineData("P-256")]
    [InlineData("P-384")]
    [InlineData("RSA 2048")]
    [InlineData("Ed25519")]
    public async Task Skopeo_accepts_what_we_sign(string kind)
    {
        Oracle.Require();
        var key = new TestKey(kind);
        using var registry = new RealRegistry(_directory);
        string image = $"{registry.Address}/os/image";
        Push(image + ":1");

        (Oci.Model.Digest manifest, string signer, RegistryReference attachment) = await SignAsync($"{image}:1", key.PrivatePem, $"{image}:1");
        PolicyVerdict ours = await CheckAsync($"docker://{image}:1", key, "");
        CommandResult theirs = AskSkopeo(image + ":1", key, "");
        CommandResult other = AskSkopeo(image + ":1", new TestKey(kind), "");

        Assert.Equal($"{image}:sha256-{manifest.Hex}.sig", attachment.ToString());
        Assert.Equal(signer, ours.Requirements[0].Evidence?.Signer);
        Assert.Equal((0, ""), (theirs.ExitCode, theirs.Error));
        Assert.NotEqual(0, other.ExitCode);
    }

    [Fact]
    public async Task Signatures_that_are_there_already_stay()
    {
        Oracle.Require();
        (TestKey first, TestKey second) = (new TestKey("P-256"), new TestKey("P-256"));
        using var registry = new RealRegistry(_directory);
        string image = $"{registry.Address}/os/image";
        Push(image + ":1");

        await SignAsync($"{image}:1", first.PrivatePem, "example.com/os:1");
        await SignAsync($"{image}:1", second.PrivatePem, "example.com/os:2");

        const string One = ",\"signedIdentity\":{\"type\":\"exactReference\",\"dockerReference\":\"example.com/os:1\"}";
        const string Two = ",\"signedIdentity\":{\"type\":\"exactReference\",\"dockerReference\":\"example.com/os:2\"}";
        Assert.Equal(0, AskSkopeo(image + ":1", first, One).ExitCode);
        Assert.Equal(0, AskSkopeo(image + ":1", second, Two).ExitCode);
        Assert.NotEqual(0, AskSkopeo(image + ":1", second, One).ExitCode);
        Assert.True((await CheckAsync($"docker://{image}:1", first, One)).IsSigned);
        Assert.True((await CheckAsync($"docker://{image}:1", second, Two)).IsSigned);
        Assert.False((await CheckAsync($"docker://{image}:1", second, One)).IsSigned);
    }

    // The registry has no list of what refers to an image, so that it is kept under a tag.
    [Theory]
    [InlineData("P-256")]
    [InlineData("P-384")]
    [InlineData("RSA 2048")]
    public async Task Bundles_that_refer_to_an_image_are_found_and_OpenSSL_finds_them_good(string kind)
    {
        Peer.Require("openssl", "skopeo");
        (TestKey first, TestKey second) = (new TestKey(kind), new TestKey(kind));
        using var registry = new RealRegistry(_directory);
        string image = $"{registry.Address}/os/image";
        Push(image + ":1");

        RegistryReference bundle = await SignBundleAsync($"{image}:1", first);
        await SignBundleAsync($"{image}:1", second);

        Assert.True((await CheckAsync($"docker://{image}:1", first, "", "use-sigstore-bundles")).IsSigned);
        Assert.True((await CheckAsync($"docker://{image}:1", second, "", "use-sigstore-bundles")).IsSigned);
        Assert.Contains("the signature is not one of the statement", (await CheckAsync($"docker://{image}:1", new TestKey(kind), "", "use-sigstore-bundles")).Reason);
        var client = new RegistryClient(Options);
        ImageManifest manifest = ImageManifest.Parse((await client.GetManifestAsync(bundle, TestContext.Current.CancellationToken)).Bytes.Span, "bundle");
        JsonNode json = JsonNode.Parse((await client.GetBlobAsync(bundle, manifest.Layers[0], 1 << 20, TestContext.Current.CancellationToken)).Span)!;
        JsonNode envelope = json["dsseEnvelope"]!;
        byte[] payload = Convert.FromBase64String((string)envelope["payload"]!);
        File.WriteAllBytes(_directory["message"], [.. Encoding.ASCII.GetBytes($"DSSEv1 28 application/vnd.in-toto+json {payload.Length} "), .. payload]);
        File.WriteAllBytes(_directory["signature"], Convert.FromBase64String((string)envelope["signatures"]![0]!["sig"]!));
        Peer.Run("openssl", "dgst", "-sha256", "-verify", _directory.Write("key.pub", first.Pem), "-signature", _directory["signature"], _directory["message"]).Succeeded();
        Assert.Equal(new TestImage(_directory["again"]).Digest[7..], (string?)JsonNode.Parse(payload)!["subject"]![0]!["digest"]!["sha256"]);
    }

    // A registry that lists what refers to an image keeps that itself.
    [Fact]
    public async Task No_tag_is_written_where_the_registry_takes_note_of_the_subject()
    {
        var image = new TestImage(_directory["image"]);
        var tags = new List<string>();
        using var registry = new ScriptedServer(request =>
        {
            if (request.Method == "PUT" && request.Path.Contains("/manifests/sha256-", StringComparison.Ordinal))
            {
                tags.Add(request.Path);
            }

            return (request.Method, request.Path) switch
            {
                ("GET", "/v2/os/image/manifests/1") => new ScriptedAnswer(200, image.Manifest).With("Content-Type", "application/vnd.oci.image.manifest.v1+json"),
                ("HEAD", _) => new ScriptedAnswer(200, []),
                ("PUT", _) => new ScriptedAnswer(201, []).With("OCI-Subject", image.Digest),
                _ => new ScriptedAnswer(404, []),
            };
        });

        await SignBundleAsync($"{registry.Address}/os/image:1", new TestKey("P-256"));

        Assert.Empty(tags);
        ScriptedRequest put = Assert.Single(registry.Requests, request => request.Method == "PUT");
        JsonNode manifest = JsonNode.Parse(put.Body)!;
        Assert.Equal(image.Digest, (string?)manifest["subject"]!["digest"]);
        Assert.Equal("application/vnd.dev.sigstore.bundle.v0.3+json", (string?)manifest["artifactType"]);
        Assert.Equal("https://sigstore.dev/cosign/sign/v1", (string?)manifest["annotations"]!["dev.sigstore.bundle.predicateType"]);
    }

    [Fact]
    public async Task Image_that_is_not_there_cannot_be_signed()
    {
        using var registry = new RealRegistry(_directory);

        await Assert.ThrowsAsync<ImageNotFoundException>(() => SignAsync($"{registry.Address}/os/image:1", new TestKey("P-256").PrivatePem, "x"));
    }

    [Fact]
    public void Keys_of_skopeo_are_unlocked()
    {
        Oracle.Require();
        Oracle.Run("skopeo", "generate-sigstore-key", "--output-prefix", _directory["key"], "--passphrase-file", _directory.Write("password", "secret")).Succeeded();
        byte[] pem = File.ReadAllBytes(_directory["key.private"]);

        SigningKey key = SigningKey.FromPem(pem, () => "secret");
        var refusal = Assert.Throws<SigningKeyException>(() => SigningKey.FromPem(pem, () => "Secret"));

        Assert.Equal("the password does not unlock the key", refusal.Message);
        Assert.True(Keys.PublicKey.FromPem(File.ReadAllBytes(_directory["key.pub"])).Verifies("hello"u8, key.Sign("hello"u8)));
    }

    [Theory]
    [InlineData("EC -pkeyopt ec_paramgen_curve:P-256", "")]
    [InlineData("EC -pkeyopt ec_paramgen_curve:P-521", "-aes256")]
    [InlineData("RSA -pkeyopt rsa_keygen_bits:3072", "-aes256")]
    [InlineData("ED25519", "-aes256")]
    public void Keys_of_openssl_are_read(string algorithm, string cipher)
    {
        Peer.Require("openssl");
        Peer.Run("sh", "-c", $"openssl genpkey -algorithm {algorithm} {cipher} {(cipher.Length > 0 ? "-pass pass:secret" : "")} -out {_directory["key"]} && openssl pkey -in {_directory["key"]} -passin pass:secret -pubout -out {_directory["pub"]}").Succeeded();
        byte[] pem = File.ReadAllBytes(_directory["key"]);

        SigningKey key = SigningKey.FromPem(pem, () => cipher.Length > 0 ? "secret" : throw new InvalidOperationException("it is not locked"));

        Assert.True(Keys.PublicKey.FromPem(File.ReadAllBytes(_directory["pub"])).Verifies("hello"u8, key.Sign("hello"u8)));
        if (cipher.Length > 0)
        {
            Assert.Equal("the password does not unlock the key", Assert.Throws<SigningKeyException>(() => SigningKey.FromPem(pem, () => "other")).Message);
        }
    }

    [Theory]
    [InlineData("hello", "it is not in PEM format")]
    [InlineData("-----BEGIN PUBLIC KEY-----\nYQ==\n-----END PUBLIC KEY-----\n", "it holds a 'PUBLIC KEY'")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nYQ==\n-----END PRIVATE KEY-----\n", "the key cannot be used")]
    [InlineData("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\ne30=\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n", "the locked key is malformed: 'kdf' is missing")]
    public void Keys_that_are_none(string pem, string reason) =>
        Assert.Contains(reason, Assert.Throws<SigningKeyException>(() => SigningKey.FromPem(Encoding.ASCII.GetBytes(pem), () => "")).Message);

    [Theory]
    [InlineData(1L << 40, 8, 1, "out of range")]
    [InlineData(65535, 8, 1, "out of range")]
    [InlineData(1 << 24, 1024, 1, "out of range")]
    [InlineData(65536, 8, 1000, "out of range")]
    public void Keys_that_ask_for_the_whole_memory_are_refused(long n, long r, long p, string reason)
    {
        string json = $$$"""{"kdf":{"name":"scrypt","params":{"N":{{{n}}},"r":{{{r}}},"p":{{{p}}}},"salt":"YQ=="},"cipher":{"name":"nacl/secretbox","nonce":"{{{Convert.ToBase64String(new byte[24])}}}"},"ciphertext":"YQ=="}""";
        string pem = PemEncoding.WriteString("ENCRYPTED COSIGN PRIVATE KEY", Encoding.ASCII.GetBytes(json));

        Assert.Contains(reason, Assert.Throws<SigningKeyException>(() => SigningKey.FromPem(Encoding.ASCII.GetBytes(pem), () => "")).Message);
    }

    private void Push(string reference) =>
        Oracle.Run("skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false", new TestImage(_directory["image"]).Name, $"docker://{reference}").Succeeded();

    private async Task<RegistryReference> SignBundleAsync(string image, TestKey key) =>
        (await new ImageSigner(new RegistryClient(Options), SigningKey.FromPem(Encoding.ASCII.GetBytes(key.PrivatePem), () => "")).SignBundleAsync(RegistryReference.Parse(image), TestContext.Current.CancellationToken)).Bundle;

    private Task<(Oci.Model.Digest Manifest, string Signer, RegistryReference Attachment)> SignAsync(string image, string pem, string identity) =>
        new ImageSigner(new RegistryClient(Options), SigningKey.FromPem(Encoding.ASCII.GetBytes(pem), () => ""))
            .SignAsync(RegistryReference.Parse(image), identity, TestContext.Current.CancellationToken);

    private Task<PolicyVerdict> CheckAsync(string image, TestKey key, string identity, string setting = "use-sigstore-attachments")
    {
        _directory.Write("root/etc/containers/registries.d/test.yaml", $"default-docker: {{{setting}: true}}\n");
        return Check.RunPolicyAsync(Policy(key, identity), image, Options);
    }

    private CommandResult AskSkopeo(string image, TestKey key, string identity)
    {
        string settings = Path.GetDirectoryName(_directory.Write("settings/x.yaml", "default-docker: {use-sigstore-attachments: true}\n"))!;
        return Oracle.Run("skopeo", "--registries.d", settings, "--policy", _directory.Write("policy.json", Policy(key, identity)), "copy", "-q", "--src-tls-verify=false", $"docker://{image}", $"dir:{_directory["copy"]}");
    }

    private static string Policy(TestKey key, string identity) =>
        $$"""{"default":[{"type":"sigstoreSigned","keyData":"{{Convert.ToBase64String(Encoding.ASCII.GetBytes(key.Pem))}}"{{identity}}}]}""";
}
