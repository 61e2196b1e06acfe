// Images that hold an ostree commit, by the keys of an ostree remote: what is not signed by them comes neither at first nor later.
using System.Text;
using System.Text.Json.Nodes;
using Bootc.Deployments.Status;
using Bootc.Import;
using Bootc.Import.Encapsulation;
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Ostree.Objects;
using Bootc.Signatures.Commits;
using Bootc.Testing;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Security;

namespace Bootc.Deployments.Tests;

public sealed class OstreeRemoteTests : IDisposable
{
    private readonly TestHost _source = new();
    private readonly TestHost _host = new();
    private readonly Ed25519PrivateKeyParameters _key = new(new SecureRandom());
    private readonly Ed25519PrivateKeyParameters _other = new(new SecureRandom());

    public void Dispose()
    {
        _source.Dispose();
        _host.Dispose();
    }

    private string Image => $"oci:{_host.Beside("remote")}:latest";

    [Fact]
    public void Commit_that_the_remotes_key_has_signed_is_deployed_and_followed()
    {
        Configure("origin", Public(_key));
        Checksum first = Publish("1", _other, _key);

        Assert.Equal(OperationOutcome.Changed, Switch("origin"));

        VerificationStatus verification = Status()!;
        Assert.Equal(("the ostree remote origin", $"the commit {first}"), (verification.Policy, verification.Scope));
        Assert.Equal($"the Ed25519 key {Public(_key)}", Assert.Single(verification.Signatures).Signer);
        Assert.Equal(first, Parent());
        Assert.Equal($"ostree-remote-image:origin:{Image}", _host.Deployments[0].Origin.Image!.ToString());
        Assert.DoesNotContain(_host.Progress.Warnings, warning => warning.Contains("sign", StringComparison.Ordinal));
        Assert.Equal(OperationOutcome.Unchanged, _host.Upgrade());
        Assert.NotNull(Status());
        Checksum second = Publish("2", _key);
        Assert.Equal(OperationOutcome.Changed, _host.Upgrade());
        Assert.Equal(second, Parent());
        Publish("3", _other);
        string before = _host.State;
        Assert.Contains("is not signed as the remote origin asks: ostree.sign.ed25519: the signature is not one of the commit", Assert.Throws<PolicyRejectedException>(() => _host.Upgrade()).Message);
        Assert.Equal(before, _host.State);
        _host.AssertSound();
    }

    [Theory]
    [InlineData("unsigned", "the commit has no signature in ostree.sign.ed25519")]
    [InlineData("other key", "the signature is not one of the commit by the Ed25519 key")]
    [InlineData("no remote", "there is no ostree remote origin")]
    [InlineData("no verification", "asks for no signatures")]
    public void What_is_not_signed_as_the_remote_asks_leaves_no_trace(string what, string reason)
    {
        if (what == "no verification")
        {
            Configure("origin", null);
        }
        else if (what != "no remote")
        {
            Configure("origin", Public(_key));
        }

        Checksum commit = what switch { "unsigned" => Publish("1"), "other key" => Publish("1", _other), _ => Publish("1", _key) };
        string before = _host.State;

        var refusal = Assert.Throws<PolicyRejectedException>(() => Switch("origin"));

        Assert.Contains(reason, refusal.Message);
        Assert.Equal(before, _host.State);
        using Sysroot sysroot = Sysroot.Open(_host.Path);
        Assert.False(sysroot.Repository.HasObject(new(commit, ObjectType.Commit)));
    }

    [Fact]
    public void Image_without_a_commit_is_refused()
    {
        Configure("origin", Public(_key));
        WrittenImage image = OsImage.Create("1").WriteTo(_host.Images);

        var refusal = Assert.Throws<ImportException>(() => Switch("origin", image.Reference));

        Assert.Contains("holds no ostree commit that could be signed", refusal.Message);
    }

    // What is in the repository already came when no one asked who signed it.
    [Fact]
    public void What_was_pulled_before_is_asked_for_its_signatures_too()
    {
        Checksum commit = Publish("1", _other);
        _host.Switch(Image);
        Assert.Null(Status());
        Configure("origin", Public(_key));
        string before = _host.State;

        Assert.Throws<PolicyRejectedException>(() => Switch("origin"));
        Assert.Equal(before, _host.State);
        Assert.Equal(commit, Publish("1", _key));
        Assert.Equal(OperationOutcome.Changed, Switch("origin"));

        Assert.Equal($"the Ed25519 key {Public(_key)}", Assert.Single(Status()!.Signatures).Signer);
        using Sysroot sysroot = Sysroot.Open(_host.Path);
        Assert.Equal(2, CommitSignatures.Read(sysroot.Repository.LoadDetachedMetadata(commit), CommitSignatureKind.Ed25519).Count);
        _host.AssertSound();
    }

    // The configuration of one, the layers of another: what was pulled unasked does not come back under the signed commit.
    [Fact]
    public void Image_that_was_pulled_unsigned_is_not_taken_for_a_signed_one_of_the_same_configuration()
    {
        Publish("1", _key);
        Configure("origin", Public(_key));
        Switch("origin");
        JsonNode signed = ReadManifest();
        Publish("2", _other);
        JsonNode unsigned = ReadManifest();
        JsonNode config = JsonNode.Parse(File.ReadAllBytes(BlobPath((string)unsigned["config"]!["digest"]!)))!;
        config["config"]!["Labels"]!.AsObject().Remove("ostree.commit");
        unsigned["config"] = Store(config);
        WriteManifest(unsigned);
        Pull();
        string before = _host.State;
        var mixed = (JsonObject)signed.DeepClone();
        mixed["config"] = unsigned["config"]!.DeepClone();
        WriteManifest(mixed);

        Assert.Throws<LayerFormatException>(() => _host.Upgrade());

        Assert.Equal(before, _host.State);
        Assert.Equal("1", Version());
        _host.AssertSound();
    }

    [Fact]
    public void Image_that_was_signed_does_not_become_one_that_need_not_be_unseen()
    {
        Configure("origin", Public(_key));
        Publish("1", _key);
        Switch("origin");
        WrittenImage other = OsImage.Create("2").WriteTo(_host.Images);

        _host.Switch(other);

        Assert.Contains(_host.Progress.Warnings, warning => warning.Contains("had to be signed", StringComparison.Ordinal));
    }

    // The same version gives the same commit, whoever signs it.
    private Checksum Publish(string version, params Ed25519PrivateKeyParameters[] keys)
    {
        _source.Switch(OsImage.Create("1").WithVersion(version).WriteTo(_source.Images, $"v{version}"));
        using Sysroot sysroot = Sysroot.Open(_source.Path);
        Checksum commit = sysroot.Default!.Commit;
        sysroot.Repository.WriteDetachedMetadata(commit, null);
        foreach (Ed25519PrivateKeyParameters key in keys)
        {
            byte[] secret = [.. key.GetEncoded(), .. key.GeneratePublicKey().GetEncoded()];
            CommitSigner.Load(CommitSignatureKind.Ed25519, Encoding.ASCII.GetBytes(Convert.ToBase64String(secret)), () => "").Sign(sysroot.Repository, commit);
        }

        IImageDestination destination = ImageDestinations.Open(ImageReference.Parse(Image));
        new CommitEncapsulation(sysroot.Repository, commit, new EncapsulationOptions { CompressFast = true }).WriteAsync(destination, null, TestContext.Current.CancellationToken).GetAwaiter().GetResult();
        destination.DisposeAsync().AsTask().GetAwaiter().GetResult();
        return commit;
    }

    private string BlobPath(string digest) => Path.Combine(_host.Beside("remote"), "blobs", digest.Replace(':', '/'));

    private JsonObject Store(JsonNode document)
    {
        byte[] content = Encoding.UTF8.GetBytes(document.ToJsonString());
        string digest = Digest.Compute(content).ToString();
        File.WriteAllBytes(BlobPath(digest), content);
        return new JsonObject { ["mediaType"] = MediaTypes.OciConfig, ["digest"] = digest, ["size"] = content.Length };
    }

    private string IndexPath => Path.Combine(_host.Beside("remote"), "index.json");

    private JsonNode ReadManifest() =>
        JsonNode.Parse(File.ReadAllBytes(BlobPath((string)JsonNode.Parse(File.ReadAllBytes(IndexPath))!["manifests"]!.AsArray().Last()!["digest"]!)))!;

    private void WriteManifest(JsonNode manifest)
    {
        JsonObject entry = Store(manifest);
        entry["mediaType"] = MediaTypes.OciManifest;
        entry["annotations"] = new JsonObject { ["org.opencontainers.image.ref.name"] = "latest" };
        File.WriteAllText(IndexPath, new JsonObject { ["schemaVersion"] = 2, ["manifests"] = new JsonArray(entry) }.ToJsonString());
    }

    private void Pull()
    {
        using Sysroot sysroot = Sysroot.Open(_host.Path);
        var image = OstreeImageReference.Unverified(ImageReference.Parse(Image));
        new PullOperation(sysroot, _host.Settings, _host.Progress) { Image = image }.RunAsync(TestContext.Current.CancellationToken).GetAwaiter().GetResult();
    }

    private string? Version()
    {
        using Sysroot sysroot = Sysroot.Open(_host.Path);
        return HostStatusBuilder.Build(sysroot).Status.OtherDeployments![0].Image!.Version;
    }

    private void Configure(string remote, string? key)
    {
        using Sysroot sysroot = Sysroot.Open(_host.Path);
        string group = $"remote \"{remote}\"";
        sysroot.Repository.ChangeConfig(file =>
        {
            file.SetString(group, "url", "https://example.com/repo").SetBoolean(group, "gpg-verify", false);
            if (key is not null)
            {
                file.SetString(group, "sign-verify", "ed25519").SetString(group, "verification-ed25519-key", key);
            }
        });
    }

    private OperationOutcome Switch(string remote, string? image = null)
    {
        using Sysroot sysroot = Sysroot.Open(_host.Path);
        var target = new OstreeImageReference(SignatureVerification.OstreeRemote, remote, ImageReference.Parse(image ?? Image));
        return new SwitchOperation(sysroot, _host.Settings, _host.Progress) { Target = target }.RunAsync(TestContext.Current.CancellationToken).GetAwaiter().GetResult();
    }

    private VerificationStatus? Status()
    {
        using Sysroot sysroot = Sysroot.Open(_host.Path);
        return HostStatusBuilder.Build(sysroot).Status.OtherDeployments![0].Image!.Verification;
    }

    private Checksum? Parent()
    {
        using Sysroot sysroot = Sysroot.Open(_host.Path);
        return sysroot.Repository.LoadCommit(sysroot.Default!.Commit).Parent;
    }

    private static string Public(Ed25519PrivateKeyParameters key) => Convert.ToBase64String(key.GeneratePublicKey().GetEncoded());
}
