// The reference images of containers/image are accepted or refused as their names say.
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Bootc.Testing;

namespace Bootc.Signatures.Tests;

public sealed class ReferenceImageTests
{
    private const string Signed = "192.168.64.2:5000/cosign-signed-single-sample";

    [Fact]
    public async Task Good_signature_is_accepted()
    {
        PolicyVerdict verdict = await CheckAsync("dir-img-cosign-valid", Requirement("cosign.pub", Signed));

        Assert.True(verdict.IsSigned, verdict.Reason);
        Assert.Equal(Signed, verdict.Requirements[0].Evidence!.Reference);
        Assert.StartsWith("the ECDSA P-256 key ", verdict.Requirements[0].Evidence!.Signer);
    }

    [Fact]
    public async Task Good_signature_beside_one_by_an_unknown_key_is_accepted()
    {
        using var directory = new TestDirectory();
        string image = SignedDirectory.Copy("dir-img-cosign-valid", directory);
        File.Move(Path.Combine(image, "signature-1"), Path.Combine(image, "signature-2"));
        File.Copy(Path.Combine(SignedDirectory.Copy("dir-img-cosign-key-rekor-valid", directory), "signature-1"), Path.Combine(image, "signature-1"));

        PolicyVerdict verdict = await Check.RunAsync(Requirement("cosign.pub", Signed), $"dir:{image}");

        Assert.True(verdict.IsSigned, verdict.Reason);
        Assert.EndsWith("signature-2", verdict.Requirements[0].Evidence!.Origin);
    }

    [Theory]
    [InlineData("dir-img-cosign-valid", "cosign2.pub", Signed, "is not one by the ECDSA P-256 key")]
    [InlineData("dir-img-cosign-valid", "cosign.pub", "192.168.64.2:5000/other", "the signature is for '192.168.64.2:5000/cosign-signed-single-sample', and the image has no name of its own: it must be for the repository 192.168.64.2:5000/other")]
    [InlineData("dir-img-cosign-modified-manifest", "cosign.pub", Signed, "the signature is for the manifest sha256:634a8f35b5f16dcf4aaa0822adc0b1964bb786fca12f6831de8ddc45e5986a00, and this one is sha256:")]
    [InlineData("dir-img-cosign-other-attachment", "cosign.pub", Signed, "there is no such signature (1 of other kinds)")]
    [InlineData("dir-img-cosign-valid", "public-key-1.gpg", Signed, "is no public key")]
    [InlineData("dir-img-cosign-valid", "missing.pub", Signed, "cannot be read: it is not there")]
    public async Task Others_are_refused(string image, string key, string repository, string reason)
    {
        PolicyVerdict verdict = await CheckAsync(image, Requirement(key, repository));

        Assert.False(verdict.IsAccepted);
        Assert.Contains(reason, verdict.Reason);
    }

    [Fact]
    public async Task Tag_in_the_signature_counts()
    {
        PolicyVerdict repository = await CheckAsync("dir-img-cosign-valid-with-tag", Requirement("cosign.pub", "192.168.64.2:5000/skopeo-signed"));
        PolicyVerdict other = await CheckAsync("dir-img-cosign-valid-with-tag", Identity("cosign.pub", "exactReference\",\"dockerReference\":\"192.168.64.2:5000/skopeo-signed:other"));
        PolicyVerdict same = await CheckAsync("dir-img-cosign-valid-with-tag", Identity("cosign.pub", "exactReference\",\"dockerReference\":\"192.168.64.2:5000/skopeo-signed:tag"));

        Assert.Equal((true, false, true), (repository.IsAccepted, other.IsAccepted, same.IsAccepted));
        Assert.Contains("the signature is for '192.168.64.2:5000/skopeo-signed:tag'", other.Reason);
    }

    [Theory]
    [InlineData("dir-img-unsigned")]
    [InlineData("dir-img-cosign-manifest-digest-error")]
    public async Task Image_without_a_usable_manifest_or_signature_is_refused(string name)
    {
        using var directory = new TestDirectory();
        string image = SignedDirectory.Copy(name, directory);
        File.Copy(Path.Combine(SignedDirectory.Copy("dir-img-cosign-modified-manifest", directory), "manifest.json"), Path.Combine(image, "manifest.json"), overwrite: true);

        PolicyVerdict verdict = await Check.RunAsync(Requirement("cosign.pub", Signed), $"dir:{image}");

        Assert.False(verdict.IsAccepted);
        Assert.Contains(name.Contains("unsigned") ? "there is no such signature" : "the signature is for the manifest", verdict.Reason);
    }

    [Fact]
    public async Task Simple_signature_of_another_manifest_is_refused()
    {
        using var directory = new TestDirectory();
        string image = SignedDirectory.Copy("dir-img-valid", directory);
        File.Copy(Path.Combine(SignedDirectory.Copy("dir-img-cosign-valid", directory), "manifest.json"), Path.Combine(image, "manifest.json"), overwrite: true);

        PolicyVerdict verdict = await Check.RunAsync($$"""{"type":"signedBy","keyType":"GPGKeys","keyPath":"{{TestData.Get("signatures/public-key-1.gpg")}}"}""", $"dir:{image}");

        Assert.False(verdict.IsAccepted);
        Assert.Contains("the signature is for the manifest sha256:20bf21ed457b390829cdbeec8795a7bea1626991fda603e0d01b4e7f60427e55", verdict.Reason);
    }

    [Fact]
    public async Task Logged_signature_needs_its_log()
    {
        PolicyVerdict verdict = await CheckAsync("dir-img-cosign-key-rekor-valid", Identity("cosign2.pub", "exactRepository\",\"dockerRepository\":\"192.168.64.2:5000/cosign-signed/key-1"));
        PolicyVerdict unlogged = await CheckAsync("dir-img-cosign-valid", Logged(Requirement("cosign.pub", Signed), "cosign.pub"));
        PolicyVerdict otherLog = await CheckAsync("dir-img-cosign-key-rekor-valid", Logged(Requirement("cosign2.pub", "192.168.64.2:5000/cosign-signed/key-1"), "cosign.pub"));

        Assert.Contains("no annotation dev.sigstore.cosign/bundle", unlogged.Reason);
        Assert.Contains("Rekor's signed entry timestamp is not signed by a trusted log", otherLog.Reason);
        Assert.True(verdict.IsSigned, verdict.Reason);
    }

    [Fact]
    public async Task Logged_signature_tells_when_it_was_logged()
    {
        string log = Convert.ToBase64String(Encoding.ASCII.GetBytes(PemEncoding.WriteString("PUBLIC KEY", ReadRekorKey())));
        string requirement = Requirement("cosign2.pub", "192.168.64.2:5000/cosign-signed/key-1");

        PolicyVerdict verdict = await CheckAsync("dir-img-cosign-key-rekor-valid", requirement[..^1] + $",\"rekorPublicKeyDatas\":[\"{log}\"]}}");
        PolicyVerdict otherKey = await CheckAsync("dir-img-cosign-key-rekor-valid", requirement.Replace("cosign2.pub", "cosign.pub")[..^1] + $",\"rekorPublicKeyData\":\"{log}\"}}");

        Assert.True(verdict.IsSigned, verdict.Reason);
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1674251859), verdict.Requirements[0].Evidence!.Logged);
        Assert.Contains("Rekor has logged a signature by another key", otherKey.Reason);
    }

    // Of Sigstore's public log, from the trusted root beside the bundles.
    private static byte[] ReadRekorKey()
    {
        JsonNode root = JsonNode.Parse(File.ReadAllText(TestData.Get("signatures/sigstore-bundles/trusted_root.json")))!;
        return Convert.FromBase64String((string)root["tlogs"]![0]!["publicKey"]!["rawBytes"]!);
    }

    private static async Task<PolicyVerdict> CheckAsync(string name, string requirement)
    {
        using var directory = new TestDirectory();
        return await Check.RunAsync(requirement, $"dir:{SignedDirectory.Copy(name, directory)}");
    }

    private static string Requirement(string key, string repository) => Identity(key, $"exactRepository\",\"dockerRepository\":\"{repository}");

    private static string Identity(string key, string identity) =>
        $$$"""{"type":"sigstoreSigned","keyPath":"{{{Path.Combine(TestData.Get("signatures"), key)}}}","signedIdentity":{"type":"{{{identity}}}"}}""";

    private static string Logged(string requirement, string log) => requirement[..^1] + $",\"rekorPublicKeyPath\":\"{Path.Combine(TestData.Get("signatures"), log)}\"}}";
}
