// Signatures by those who have a certificate: of a Fulcio, or of an authority of one's own.
using System.Security.Cryptography;
using System.Text;
using Bootc.Testing;

namespace Bootc.Signatures.Tests;

public sealed class CertificateTests : IDisposable
{
    private const string Email = "someone@example.com";
    private const string Issuer = "https://login.example.com";
    private static readonly DateTimeOffset Then = new(2025, 3, 4, 5, 6, 7, TimeSpan.Zero);
    private static readonly TestAuthority Authority = new(Then.AddYears(-1), Then.AddYears(20));
    private static readonly TestAuthority Other = new(Then.AddYears(-1), Then.AddYears(20));
    private static readonly TestLog Log = new();
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("good", null)]
    [InlineData("email", "the signer's certificate is for other@example.com, not for someone@example.com")]
    [InlineData("issuer", "the signer logged in at https://other.example.com, not at https://login.example.com")]
    [InlineData("no issuer", "the certificate names no OIDC issuer")]
    [InlineData("late", "was not valid at 2025-03-04 06:06:07Z")]
    [InlineData("early", "was not valid at 2025-03-04 04:06:07Z")]
    [InlineData("authority", "leads to no trusted one")]
    [InlineData("purpose", "is not for signing code")]
    [InlineData("chain", "no trusted certificate is that of its issuer")]
    [InlineData("no bundle", "no annotation dev.sigstore.cosign/bundle")]
    [InlineData("other log", "not signed by a trusted log")]
    [InlineData("other signature", "Rekor has logged another signature")]
    [InlineData("other certificate", "Rekor has logged a signature by another key")]
    [InlineData("other payload", "Rekor has logged a signature of something else")]
    public async Task Fulcio(string what, string? reason)
    {
        TestAuthority authority = what == "authority" ? Other : Authority;
        (string certificate, ECDsa key) = authority.Issue(
            Then.AddMinutes(-10), Then.AddMinutes(10), what == "email" ? "other@example.com" : Email, issuer: what switch { "issuer" => "https://other.example.com", "no issuer" => null, _ => Issuer },
            purpose: what == "purpose" ? "1.3.6.1.5.5.7.3.1" : "1.3.6.1.5.5.7.3.3");
        var image = new TestImage(_directory["image"]);
        byte[] payload = image.Payload();
        byte[] signature = Sign(key, payload);
        (string Name, string Value) bundle = (what == "other log" ? new TestLog() : Log).Log(
            what == "other certificate" ? authority.RootPem : certificate,
            what == "other signature" ? Sign(key, payload) : signature,
            what == "other payload" ? [1] : payload,
            what switch { "late" => Then.AddHours(1), "early" => Then.AddHours(-1), _ => Then });
        image.Attach(payload, Convert.ToBase64String(signature), [("dev.sigstore.cosign/certificate", certificate), ("dev.sigstore.cosign/chain", what == "chain" ? "" : authority.ChainPem), what == "no bundle" ? ("x", "y") : bundle]);

        PolicyVerdict verdict = await Check.RunAsync(
            $$"""{"type":"sigstoreSigned","fulcio":{"caData":"{{Base64(Authority.RootPem)}}","oidcIssuer":"{{Issuer}}","subjectEmail":"{{Email}}"},"rekorPublicKeyData":"{{Base64(Log.Pem)}}",{{Identity}}}""", image.Name);

        Assert.Equal(reason is null, verdict.IsSigned);
        Assert.Contains(reason ?? "", verdict.Reason);
        if (reason is null)
        {
            Assert.Equal($"{Email} of {Issuer}", verdict.Requirements[0].Evidence!.Signer);
            Assert.Equal(Then, verdict.Requirements[0].Evidence!.Logged);
        }
    }

    [Theory]
    [InlineData("good", null)]
    [InlineData("trusted intermediate", null)]
    [InlineData("wildcard", null)]
    [InlineData("email", "not for someone@example.com")]
    [InlineData("host", "not for the host build.example.com")]
    [InlineData("expired", "was not valid at")]
    [InlineData("not yet valid", "was not valid at")]
    [InlineData("authority", "leads to no trusted one")]
    [InlineData("key", "the signature is not one by someone@example.com")]
    [InlineData("two", "more than one certificate")]
    [InlineData("garbage", "cannot be read")]
    public async Task Pki(string what, string? reason)
    {
        TestAuthority authority = what == "authority" ? Other : Authority;
        (string certificate, ECDsa key) = authority.Issue(
            Then.AddDays(-1), Then.AddDays(1), what == "email" ? "x@example.com" : Email, what switch { "host" => "example.com", "wildcard" => "*.example.com", _ => "build.example.com" });
        var image = new TestImage(_directory["image"]);
        byte[] signature = Sign(what == "key" ? ECDsa.Create(ECCurve.NamedCurves.nistP256) : key, image.Payload());
        string attached = what switch { "two" => certificate + certificate, "garbage" => "hello", _ => certificate };
        image.Attach(image.Payload(), Convert.ToBase64String(signature), [("dev.sigstore.cosign/certificate", attached), ("dev.sigstore.cosign/chain", what == "trusted intermediate" ? "" : authority.ChainPem)]);
        string intermediates = what == "trusted intermediate" ? $",\"caIntermediatesData\":\"{Base64(authority.ChainPem)}\"" : "";

        PolicyVerdict verdict = await Check.RunAsync(
            $$"""{"type":"sigstoreSigned","pki":{"caRootsData":"{{Base64(Authority.RootPem)}}"{{intermediates}},"subjectEmail":"{{Email}}","subjectHostname":"build.example.com"},{{Identity}}}""",
            image.Name,
            clock: new FixedClock(what switch { "expired" => Then.AddDays(2), "not yet valid" => Then.AddDays(-2), _ => Then }));

        Assert.Equal(reason is null, verdict.IsSigned);
        Assert.Contains(reason ?? "", verdict.Reason);
    }

    [Fact]
    public async Task Certificates_of_reference_policies_are_read()
    {
        string folder = TestData.Get("signatures");
        TestImage image = new TestImage(_directory["image"]).Attach([1], "YQ==", ("dev.sigstore.cosign/certificate", Authority.RootPem));

        PolicyVerdict verdict = await Check.RunAsync(
            $$"""{"type":"sigstoreSigned","pki":{"caRootsPath":"{{folder}}/pki_root_crts.pem","caIntermediatesPath":"{{folder}}/pki_intermediate_crts.pem","subjectEmail":"a@b"} }""", image.Name);

        Assert.Contains("the certificate of", verdict.Reason);
    }

    private const string Identity = "\"signedIdentity\":{\"type\":\"exactRepository\",\"dockerRepository\":\"example.com/os/image\"}";

    private static byte[] Sign(ECDsa key, byte[] payload) => key.SignData(payload, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    private static string Base64(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));
}
