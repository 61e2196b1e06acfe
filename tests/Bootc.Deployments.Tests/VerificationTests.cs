// What was found of an image's signatures is remembered, and what was signed is followed by what is signed.
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Bootc.Deployments.Status;
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

public sealed class VerificationTests : IDisposable
{
    private const string Name = "example.com/os:stable";
    private const string AcceptAnything = """{"default":[{"type":"insecureAcceptAnything"}]}""";
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly TestHost _host = new();

    private string Asks => $$$"""{"default":[{"type":"insecureAcceptAnything"}],"transports":{"oci":{"":[{"type":"sigstoreSigned","keyData":"{{{Convert.ToBase64String(Encoding.ASCII.GetBytes(_key.ExportSubjectPublicKeyInfoPem()))}}}","signedIdentity":{"type":"exactReference","dockerReference":"{{{Name}}}"} }]} } }""";

    public void Dispose()
    {
        _host.Dispose();
        _key.Dispose();
    }

    [Fact]
    public void Who_signed_an_image_is_remembered_with_it()
    {
        WritePolicy(Asks);
        WrittenImage image = Sign(OsImage.Create("1").WriteTo(_host.Images));

        _host.Switch(image);

        VerificationStatus verification = Status()!;
        Assert.Equal(Path.Combine(_host.Settings.Root, "etc/containers/policy.json"), verification.Policy);
        SignatureStatus signature = Assert.Single(verification.Signatures);
        Assert.StartsWith("the ECDSA P-256 key ", signature.Signer);
        Assert.Equal((Name, null), (signature.Reference, signature.Logged));
        _host.AssertSound();
    }

    [Fact]
    public void What_is_verified_later_is_remembered_then()
    {
        WrittenImage image = OsImage.Create("1").WriteTo(_host.Images);
        WritePolicy(AcceptAnything);
        _host.Switch(image);
        Assert.Null(Status());

        WritePolicy(Asks);
        Sign(image);
        Assert.Equal(OperationOutcome.Unchanged, _host.Upgrade());

        Assert.NotNull(Status());
    }

    [Theory]
    [InlineData(true, "accepts it without a signature")]
    [InlineData(false, "now there is no ")]
    public void An_update_does_not_lose_the_signatures_unseen(bool hasPolicy, string reason)
    {
        WritePolicy(Asks);
        _host.Switch(Sign(OsImage.Create("1").WriteTo(_host.Images)));
        OsImage.Create("1").WithVersion("2").WriteTo(_host.Images);
        string before = _host.State;
        Assert.Contains("there is no such signature", Assert.Throws<PolicyRejectedException>(() => _host.Upgrade()).Message);
        if (hasPolicy)
        {
            WritePolicy(AcceptAnything);
        }
        else
        {
            File.Delete(Path.Combine(_host.Settings.Root, "etc/containers/policy.json"));
        }

        var refusal = Assert.Throws<PolicyRejectedException>(() => _host.Upgrade());

        Assert.Contains("was signed by the ECDSA P-256 key", refusal.Message);
        Assert.Contains(reason, refusal.Message);
        Assert.Equal(before, _host.State);
        Assert.Equal(OperationOutcome.Changed, Upgrade(allowUnsigned: true));
        Assert.Null(Status());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_was_downloaded_unsigned_is_not_deployed_where_signatures_are_asked_for(bool isSigned)
    {
        WritePolicy(AcceptAnything);
        _host.Switch(OsImage.Create("1").WriteTo(_host.Images));
        if (isSigned)
        {
            WritePolicy(Asks);
            Sign(OsImage.Create("1").WithVersion("2").WriteTo(_host.Images));
        }
        else
        {
            OsImage.Create("1").WithVersion("2").WriteTo(_host.Images);
        }

        Run(sysroot => new UpgradeOperation(sysroot, _host.Settings, _host.Progress) { DownloadOnly = true });
        WritePolicy(Asks);
        string before = _host.State;
        UpgradeOperation Deploy(Sysroot sysroot) => new(sysroot, _host.Settings, _host.Progress) { FromDownloaded = true };

        if (isSigned)
        {
            Assert.Equal(OperationOutcome.Changed, Run(Deploy));
            return;
        }

        Assert.Contains("must be signed", Assert.Throws<PolicyRejectedException>(() => Run(Deploy)).Message);
        Assert.Equal(before, _host.State);
    }

    [Fact]
    public async Task The_same_image_under_another_name_does_not_make_forgotten_who_signed_it()
    {
        WritePolicy(Asks);
        WrittenImage image = Sign(OsImage.Create("1").WriteTo(_host.Images));
        _host.Switch(image);
        WritePolicy(AcceptAnything);
        Peer.Run("cp", "-a", _host.Images, _host.Beside("mirror")).Succeeded();

        using (Sysroot sysroot = Sysroot.Open(_host.Path))
        {
            var mirrored = Oci.OstreeImageReference.Unverified(Oci.ImageReference.Parse($"oci:{_host.Beside("mirror")}:{image.Tag}"));
            await new PullOperation(sysroot, _host.Settings, _host.Progress) { Image = mirrored }.RunAsync(TestContext.Current.CancellationToken);
        }

        Assert.NotNull(Status());
    }

    // The policy means images by the tag that the host follows; a release of it is looked up by its digest.
    [Fact]
    public void A_release_is_asked_for_what_the_policy_asks_of_the_tag()
    {
        OsImage.Create("1").WriteTo(_host.Images, "stable");
        using var registry = new LayoutRegistry(_host.Images);
        _host.Switch(registry.Name("stable"));
        WrittenImage next = OsImage.Create("1").WithVersion("2").WriteTo(_host.Images, "stable");
        WritePolicy(Asks.Replace("\"oci\":{\"\"", $"\"docker\":{{\"{registry.Address}/os/image:stable\"", StringComparison.Ordinal));
        string before = _host.State;

        var refusal = Assert.Throws<PolicyRejectedException>(() => Run(sysroot =>
            new UpgradeOperation(sysroot, _host.Settings, _host.Progress) { Release = Oci.Model.Digest.Parse(next.ManifestDigest) }));

        Assert.Contains($"docker {registry.Address}/os/image:stable", refusal.Message);
        Assert.Equal(before, _host.State);
    }

    [Fact]
    public void An_update_that_is_signed_goes_on()
    {
        WritePolicy(Asks);
        _host.Switch(Sign(OsImage.Create("1").WriteTo(_host.Images)));
        Sign(OsImage.Create("1").WithVersion("2").WriteTo(_host.Images));

        Assert.Equal(OperationOutcome.Changed, _host.Upgrade());
        Assert.NotNull(Status());
    }

    [Fact]
    public void Another_image_without_a_signature_is_warned_of()
    {
        WritePolicy(Asks);
        _host.Switch(Sign(OsImage.Create("1").WriteTo(_host.Images)));
        WritePolicy(AcceptAnything);
        WrittenImage other = OsImage.Create("2").WriteTo(_host.Beside("others"));

        _host.Switch(other);

        Assert.Contains($"the image before was signed, and {other.Reference} is accepted without a signature", _host.Progress.Warnings);
    }

    private OperationOutcome Upgrade(bool allowUnsigned) =>
        Run(sysroot => new UpgradeOperation(sysroot, _host.Settings, _host.Progress) { AllowUnsigned = allowUnsigned });

    private OperationOutcome Run(Func<Sysroot, UpgradeOperation> operation)
    {
        using Sysroot sysroot = Sysroot.Open(_host.Path);
        return operation(sysroot).RunAsync(TestContext.Current.CancellationToken).GetAwaiter().GetResult();
    }

    private VerificationStatus? Status()
    {
        using Sysroot sysroot = Sysroot.Open(_host.Path);
        return HostStatusBuilder.Build(sysroot).Status.OtherDeployments![0].Image!.Verification;
    }

    private void WritePolicy(string policy)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_host.Settings.Root, "etc/containers")).FullName;
        File.WriteAllText(Path.Combine(folder, "policy.json"), policy);
    }

    // As cosign does it, in the image's layout.
    private WrittenImage Sign(WrittenImage image)
    {
        byte[] payload = Encoding.UTF8.GetBytes($$$"""{"critical":{"identity":{"docker-reference":"{{{Name}}}"},"image":{"docker-manifest-digest":"{{{image.ManifestDigest}}}"},"type":"cosign container image signature"},"optional":null}""");
        JsonObject layer = Store(image, payload, "application/vnd.dev.cosign.simplesigning.v1+json");
        layer["annotations"] = new JsonObject { ["dev.cosignproject.cosign/signature"] = Convert.ToBase64String(_key.SignData(payload, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)) };
        var manifest = new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = "application/vnd.oci.image.manifest.v1+json",
            ["config"] = Store(image, "{}"u8.ToArray(), "application/vnd.oci.image.config.v1+json"),
            ["layers"] = new JsonArray(layer),
        };
        JsonObject entry = Store(image, Encoding.UTF8.GetBytes(manifest.ToJsonString()), "application/vnd.oci.image.manifest.v1+json");
        entry["annotations"] = new JsonObject { ["org.opencontainers.image.ref.name"] = $"{image.ManifestDigest.Replace(':', '-')}.sig" };
        string index = Path.Combine(image.Layout, "index.json");
        JsonNode document = JsonNode.Parse(File.ReadAllBytes(index))!;
        document["manifests"]!.AsArray().Add((JsonNode)entry);
        File.WriteAllText(index, document.ToJsonString());
        return image;
    }

    private static JsonObject Store(WrittenImage image, byte[] content, string type)
    {
        string digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(content));
        File.WriteAllBytes(image.BlobPath(digest), content);
        return new JsonObject { ["mediaType"] = type, ["digest"] = digest, ["size"] = content.Length };
    }
}
