// Signatures by keys of each kind: accepted when all of it is right, and refused with the reason when anything is not.
using System.Text;
using Bootc.Testing;
using Org.BouncyCastle.Bcpg;

namespace Bootc.Signatures.Tests;

public sealed class SignatureTests : IDisposable
{
    private static readonly TestKey Key = new("P-256");
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("P-256", "the ECDSA P-256 key ")]
    [InlineData("P-384", "the ECDSA P-384 key ")]
    [InlineData("P-521", "the ECDSA P-521 key ")]
    [InlineData("RSA 2048", "the RSA 2048 key ")]
    [InlineData("Ed25519", "the Ed25519 key ")]
    public async Task Each_kind_of_key_verifies(string kind, string signer)
    {
        var key = new TestKey(kind);
        TestImage good = new TestImage(_directory["good"]).SignWith(key);
        TestImage other = new TestImage(_directory["other"]).SignWith(new TestKey(kind));

        PolicyVerdict verdict = await Check.RunAsync(Requirement(key), good.Name);
        PolicyVerdict refusal = await Check.RunAsync(Requirement(key), other.Name);

        Assert.True(verdict.IsSigned, verdict.Reason);
        Assert.StartsWith(signer, verdict.Requirements[0].Evidence!.Signer);
        Assert.False(refusal.IsAccepted);
        Assert.Contains($"the signature is not one by {signer}", refusal.Reason);
    }

    [Theory]
    [InlineData("P-224", "of a curve other than")]
    [InlineData("RSA 1024", "an RSA key of 1024 bits, fewer than 2048")]
    public async Task Weak_keys_do_not_count(string kind, string reason)
    {
        var key = new TestKey(kind);
        TestImage image = new TestImage(_directory["image"]).SignWith(key);

        PolicyVerdict verdict = await Check.RunAsync(Requirement(key), image.Name);

        Assert.False(verdict.IsAccepted);
        Assert.Contains(reason, verdict.Reason);
    }

    [Fact]
    public async Task Any_of_several_keys_may_have_signed()
    {
        TestImage image = new TestImage(_directory["image"]).SignWith(Key);
        string others = $"{Path.GetFullPath(_directory.Write("a", new TestKey("Ed25519").Pem))}\",\"{_directory.Write("b", Key.Pem)}";

        PolicyVerdict verdict = await Check.RunAsync($$"""{"type":"sigstoreSigned","keyPaths":["{{others}}"],{{Identity}}}""", image.Name);

        Assert.True(verdict.IsSigned, verdict.Reason);
    }

    [Theory]
    [InlineData("digest", "the signature is for the manifest sha256:aaaa")]
    [InlineData("reference", "the signature is for 'example.com/other:1'")]
    [InlineData("type", "what was signed is of the type 'atomic container signature', not 'cosign container image signature'")]
    [InlineData("unknown", "the key 'critical.more' is not known")]
    [InlineData("twice", "uplicate")]
    [InlineData("timestamp", "'optional.timestamp' is no whole number")]
    [InlineData("text", "what was signed is malformed")]
    [InlineData("base64", "is no base64")]
    [InlineData("payload", "the signature is not one by")]
    [InlineData("sha512", "the signature is for the manifest sha512:")]
    public async Task Nothing_may_be_wrong(string what, string reason)
    {
        var image = new TestImage(_directory["image"]);
        byte[] payload = what switch
        {
            "digest" => image.Payload(digest: "sha256:" + new string('a', 64)),
            "sha512" => image.Payload(digest: "sha512:" + new string('a', 128)),
            "reference" => image.Payload("example.com/other:1"),
            "type" => image.Payload(type: "atomic container signature"),
            "unknown" => image.Payload(extra: ",\"more\":1"),
            "twice" => image.Payload(extra: ",\"type\":\"cosign container image signature\""),
            "timestamp" => image.Payload(optional: """{"timestamp":1.5}"""),
            "text" => "hello"u8.ToArray(),
            _ => image.Payload(),
        };
        string signature = Convert.ToBase64String(Key.Sign(payload));
        image.Attach(what == "payload" ? image.Payload("example.com/os/image:2") : payload, what == "base64" ? signature.Insert(8, " ") : signature);

        PolicyVerdict verdict = await Check.RunAsync(Requirement(Key), image.Name);

        Assert.False(verdict.IsAccepted);
        Assert.Contains(reason, verdict.Reason);
    }

    [Fact]
    public async Task All_requirements_must_be_met_and_each_says_how()
    {
        var gpg = new TestKeyRing();
        var image = new TestImage(_directory["image"]);
        image.SignWith(Key).Add(gpg.Sign(image.Payload(type: "atomic container signature", optional: "{}")));
        string simple = SignedBy(gpg);

        PolicyVerdict both = await Check.RunAsync($"{Requirement(Key)},{simple}", image.Name);
        PolicyVerdict one = await Check.RunAsync($"{simple},{Requirement(new TestKey("P-256"))}", image.Name);

        Assert.True(both.IsSigned, both.Reason);
        Assert.Equal($"the OpenPGP key {gpg.Fingerprint}", both.Requirements[1].Evidence!.Signer);
        Assert.False(one.IsAccepted);
        Assert.Equal((true, false), (one.Requirements[0].IsMet, one.Requirements[1].IsMet));
    }

    [Fact]
    public async Task What_is_accepted_without_a_signature_is_not_signed()
    {
        PolicyVerdict verdict = await Check.RunAsync("""{"type":"insecureAcceptAnything"}""", new TestImage(_directory["image"]).SignWith(Key).Name);

        Assert.Equal((true, false), (verdict.IsAccepted, verdict.IsSigned));
    }

    [Theory]
    [InlineData("good", null)]
    [InlineData("armored", null)]
    [InlineData("subkey", null)]
    [InlineData("future", "is from the future")]
    [InlineData("expired", "has expired at")]
    [InlineData("certify", "is not for signing")]
    [InlineData("sha1", "is signed by way of Sha1, which does not count")]
    [InlineData("stranger", "which is not in the keyring")]
    [InlineData("changed", "something else was signed")]
    [InlineData("garbage", "it is no message")]
    [InlineData("type", "what was signed is of the type 'cosign container image signature'")]
    public async Task Simple_signatures(string what, string? reason)
    {
        TestKeyRing ring = what switch
        {
            "subkey" => new TestKeyRing(withSubkey: true, maySign: false),
            "expired" => new TestKeyRing(lifetime: TimeSpan.FromDays(1), created: DateTime.UtcNow.AddDays(-2)),
            "future" => new TestKeyRing(created: DateTime.UtcNow.AddDays(2)),
            "certify" => new TestKeyRing(maySign: false),
            _ => new TestKeyRing(),
        };
        var image = new TestImage(_directory["image"]);
        byte[] payload = image.Payload(type: what == "type" ? "cosign container image signature" : "atomic container signature", optional: "{}");
        byte[] message = (what == "stranger" ? new TestKeyRing() : ring).Sign(payload, what == "sha1" ? HashAlgorithmTag.Sha1 : HashAlgorithmTag.Sha256);
        image.Add(what switch
        {
            "changed" => Replace(message, "image:1", "image:2"),
            "garbage" => [0xA0, 1, 2, 3],
            _ => message,
        });

        PolicyVerdict verdict = await Check.RunAsync(SignedBy(ring, what == "armored"), image.Name);

        Assert.Equal(reason is null, verdict.IsSigned);
        Assert.Contains(reason ?? "", verdict.Reason);
    }

    [Fact]
    public async Task Keyring_that_is_none_is_named()
    {
        PolicyVerdict verdict = await Check.RunAsync("""{"type":"signedBy","keyType":"GPGKeys","keyData":"YQ=="}""", new TestImage(_directory["image"]).Name);
        PolicyVerdict other = await Check.RunAsync("""{"type":"signedBy","keyType":"signedByGPGKeys","keyData":"YQ=="}""", new TestImage(_directory["image"]).Name);

        Assert.Contains("the key in the policy", verdict.Reason);
        Assert.Contains("signatures by signedByGPGKeys are not supported", other.Reason);
    }

    private const string Identity = "\"signedIdentity\":{\"type\":\"exactRepository\",\"dockerRepository\":\"example.com/os/image\"}";

    private static string Requirement(TestKey key) =>
        $$"""{"type":"sigstoreSigned","keyData":"{{Convert.ToBase64String(Encoding.ASCII.GetBytes(key.Pem))}}",{{Identity}}}""";

    private static string SignedBy(TestKeyRing ring, bool armored = false) =>
        $$"""{"type":"signedBy","keyType":"GPGKeys","keyData":"{{Convert.ToBase64String(ring.Export(armored))}}",{{Identity}}}""";

    private static byte[] Replace(byte[] message, string from, string to) =>
        Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(message).Replace(from, to));
}
