// What was damaged on the way, or made to confuse, is refused with a reason: no other error, and never accepted.
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Bootc.Oci;
using Bootc.Signatures.Policy;
using Bootc.Testing;

namespace Bootc.Signatures.Tests;

public sealed class MutationTests : IDisposable
{
    private const int Rounds = 400;
    private const string Identity = "\"signedIdentity\":{\"type\":\"exactRepository\",\"dockerRepository\":\"example.com/os/image\"}";
    private static readonly DateTimeOffset Now = new(2025, 3, 4, 5, 6, 7, TimeSpan.Zero);
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Policies()
    {
        byte[] policy = Encoding.UTF8.GetBytes($$"""
            {"default":[{"type":"reject"}],"transports":{"docker":{"example.com":[{"type":"signedBy","keyType":"GPGKeys","keyPaths":["/a","/b"],{{Identity}}}],
            "":[{"type":"sigstoreSigned","fulcio":{"caPath":"/c","oidcIssuer":"i","subjectEmail":"e"},"rekorPublicKeyData":"YQ==","signedIdentity":{"type":"remapIdentity","prefix":"a.b/c","signedPrefix":"d"} }]} } }
            """);
        Assert.NotNull(ContainersPolicy.Parse(policy, "policy"));
        var mutator = new Mutator(1);
        Fuzz.Run(
            Rounds * 10,
            () => mutator.MutateText(policy),
            content => ContainersPolicy.Parse(content, "policy").Find(ImageReference.Parse("docker://example.com/x")),
            e => e is PolicyFormatException);
    }

    [Fact]
    public async Task Simple_signatures()
    {
        var random = new Random(2);
        var ring = new TestKeyRing(withSubkey: true, maySign: false);
        var image = new TestImage(_directory["image"]);
        byte[] message = ring.Sign(image.Payload(type: "atomic container signature", optional: "{}"));
        string requirement = $$"""{"type":"signedBy","keyType":"GPGKeys","keyData":"{{Convert.ToBase64String(ring.Export())}}",{{Identity}}}""";
        byte[] keys = ring.Export();

        await RunAsync(image, requirement, () => Mutate(message, random));
        for (int i = 0; i < Rounds; i++)
        {
            File.WriteAllBytes(_directory["image/signature-1"], message);
            await Check.RunAsync(requirement.Replace(Convert.ToBase64String(keys), Convert.ToBase64String(Mutate(keys, random))), image.Name);
        }
    }

    [Theory]
    [InlineData("payload", true)]
    [InlineData("dev.cosignproject.cosign/signature", true)]
    [InlineData("dev.sigstore.cosign/bundle", false)] // Rekor's index may be another one where JSON allows it
    [InlineData("dev.sigstore.cosign/certificate", true)]
    [InlineData("dev.sigstore.cosign/chain", false)] // the root comes along in vain
    public async Task Sigstore_signatures(string part, bool isSigned)
    {
        var random = new Random(3);
        var authority = new TestAuthority(Now.AddYears(-1), Now.AddYears(1));
        var log = new TestLog();
        (string certificate, ECDsa key) = authority.Issue(Now.AddMinutes(-10), Now.AddMinutes(10), "someone@example.com", issuer: "https://login.example.com");
        var image = new TestImage(_directory["image"]);
        byte[] signature = key.SignData(image.Payload(), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        image.Attach(image.Payload(), Convert.ToBase64String(signature), ("dev.sigstore.cosign/certificate", certificate), ("dev.sigstore.cosign/chain", authority.ChainPem), log.Log(certificate, signature, image.Payload(), Now));
        byte[] file = File.ReadAllBytes(_directory["image/signature-1"]);
        JsonNode attachment = JsonNode.Parse(file.AsSpan(15))!;
        string requirement = $$"""{"type":"sigstoreSigned","fulcio":{"caData":"{{Base64(authority.RootPem)}}","oidcIssuer":"https://login.example.com","subjectEmail":"someone@example.com"},"rekorPublicKeyData":"{{Base64(log.Pem)}}",{{Identity}}}""";
        PolicyVerdict untouched = await Check.RunAsync(requirement, image.Name);

        Assert.True(untouched.IsSigned, untouched.Reason);
        int accepted = await RunAsync(image, requirement, () =>
        {
            JsonNode changed = attachment.DeepClone();
            if (part == "payload")
            {
                changed[part] = Convert.ToBase64String(Mutate(Convert.FromBase64String((string)changed[part]!), random));
            }
            else
            {
                string text = (string)changed["annotations"]![part]!;
                changed["annotations"]![part] = part.EndsWith("certificate", StringComparison.Ordinal) || part.EndsWith("chain", StringComparison.Ordinal)
                    ? MutatePem(text, random)
                    : Encoding.Latin1.GetString(Mutate(Encoding.Latin1.GetBytes(text), random));
            }

            return [.. file.AsSpan(0, 15), .. Encoding.UTF8.GetBytes(changed.ToJsonString())];
        });

        Assert.True(!isSigned || accepted == 0, $"{accepted} changed signatures were accepted");
    }

    private async Task<int> RunAsync(TestImage image, string requirement, Func<byte[]> next)
    {
        int accepted = 0;
        for (int i = 0; i < Rounds; i++)
        {
            File.WriteAllBytes(_directory["image/signature-1"], next());
            try
            {
                accepted += (await Check.RunAsync(requirement, image.Name)).IsAccepted ? 1 : 0;
            }
            catch (OciException)
            {
                // A file that is no signature at all.
            }
        }

        return accepted;
    }

    // One to three bytes are changed, a piece is cut out, or it comes twice; the result differs from the original.
    private static byte[] Mutate(byte[] content, Random random)
    {
        byte[] changed = [.. content];
        int at = random.Next(content.Length);
        int length = Math.Min(random.Next(1, 20), content.Length - at);
        switch (random.Next(4))
        {
            case 0:
                return [.. content.AsSpan(0, at), .. content.AsSpan(at + length)];
            case 1:
                return [.. content.AsSpan(0, at + length), .. content.AsSpan(at)];
            default:
                for (int i = random.Next(1, 4); i > 0; i--)
                {
                    changed[random.Next(changed.Length)] ^= (byte)random.Next(1, 256);
                }

                return changed.AsSpan().SequenceEqual(content) ? [.. content, 0] : changed;
        }
    }

    // The text stays PEM, so that what is in it is read.
    private static string MutatePem(string pem, Random random)
    {
        PemFields fields = PemEncoding.Find(pem);
        byte[] der = Convert.FromBase64String(pem[fields.Base64Data]);
        return PemEncoding.WriteString("CERTIFICATE", Mutate(der, random)) + "\n" + pem[fields.Location.End..];
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));
}
