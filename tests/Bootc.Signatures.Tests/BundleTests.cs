// The reference bundles: each is accepted or refused as its name says, and for the reason that it was made for.
using Bootc.Signatures.Policy;
using Bootc.Signatures.Sigstore.Bundles;
using Bootc.Testing;

namespace Bootc.Signatures.Tests;

public sealed class BundleTests
{
    private const string Folder = "signatures/sigstore-bundles";
    private const string Identity = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
    private const string Issuer = "https://token.actions.githubusercontent.com";

    private static readonly Dictionary<string, string> Reasons = new()
    {
        ["bundle-malformed-json_fail"] = "the bundle is malformed: ",
        ["checkpoint-wrong-roothash_fail"] = "the checkpoint is of another tree than the inclusion proof: of 75610772 entries",
        ["inclusion-proof-corrupted-hash_fail"] = "the inclusion proof does not lead from the log entry to the root hash",
        ["incorrect-public-key_fail"] = "the log entry is of a signature by another key or certificate",
        ["integrated-time-in-future_fail"] = "was not valid at 2026-05-07",
        ["managed-key-wrong-key_fail"] = "key.pub is no public key: ",
        ["message-digest-mismatch_fail"] = "the bundle is for an artifact whose SHA2_256 digest is a1cfc71271d6e278",
        ["rekor2-no-inclusion-proof_fail"] = "the log entry has no inclusion proof",
    };

    public static TheoryData<string> Names => [.. TestData.Folders(Folder)];

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Names))]
    public void Reference_bundles(string name)
    {
        string folder = TestData.Get($"{Folder}/{name}");
        BundleEvidence? evidence = null;
        Exception? refusal = Record.Exception(() => evidence = Verify(folder));

        if (!name.EndsWith("_fail", StringComparison.Ordinal))
        {
            Assert.Null(refusal);
            Assert.StartsWith(File.Exists($"{folder}/key.pub") ? "the ECDSA P-256 key " : "https://github.com/", evidence!.Signer);
            Assert.NotNull(evidence.Time);
            Assert.Single(evidence.Logs);
            return;
        }

        Assert.True(refusal is InvalidSignatureException or TrustRootException, $"{refusal}");
        Assert.True(Reasons.TryGetValue(name, out string? reason), $"there is no reason for {name}: {refusal.Message}");
        Assert.Contains(reason, refusal.Message);
    }

    [Theory]
    [InlineData("happy-path-v0.3", "2024-03-19 17:26:26Z", "rekor.sigstore.dev")]
    [InlineData("rekor2-happy-path", "2025-06-12 12:02:20Z", "log2025-alpha1.rekor.sigstage.dev")]
    [InlineData("intoto-with-custom-trust-root", "2023-02-01 00:00:00Z", "localhost:8000")]
    public void Time_and_log_are_told(string name, string time, string log)
    {
        BundleEvidence evidence = Verify(TestData.Get($"{Folder}/{name}"));

        Assert.Equal((time, log), ($"{evidence.Time:u}", evidence.Logs[0]));
    }

    // Those that have a trusted root of their own are of another Sigstore.
    [Theory]
    [InlineData("happy-path-v0.1")]
    [InlineData("happy-path-v0.3")]
    [InlineData("managed-key-happy-path")]
    [InlineData("checkpoint-wrong-roothash_fail")]
    [InlineData("inclusion-proof-corrupted-hash_fail")]
    [InlineData("rekor2-happy-path")]
    public void The_public_good_instance_is_known_without_a_file(string name)
    {
        string folder = TestData.Get($"{Folder}/{name}");
        bool isGood = !name.EndsWith("_fail", StringComparison.Ordinal) && !File.Exists($"{folder}/trusted_root.json");

        Exception? refusal = Record.Exception(() => new BundleVerifier(TrustedRoot.OfPublicGood()).Verify(SigstoreBundle.Load($"{folder}/bundle.sigstore.json"), Signer(folder), Artifact(folder)));

        Assert.Equal(isGood, refusal is null);
        Assert.True(refusal is null or InvalidSignatureException, $"{refusal}");
    }

    [Fact]
    public void The_root_that_is_built_in_has_all_that_the_public_good_instance_has()
    {
        TrustedRoot root = TrustedRoot.OfPublicGood();

        Assert.Equal(["rekor.sigstore.dev", "log2025-1.rekor.sigstore.dev"], root.Logs.Select(log => log.Origin));
        Assert.Equal(2, root.CertificateAuthorities.Count);
        Assert.Equal(2, root.CertificateLogs.Count);
        Assert.Single(root.TimestampAuthorities);
        Assert.Equal(File.ReadAllText(TestData.Get($"{Folder}/trusted_root.json")), File.ReadAllText(Path.Combine(TestData.RepositoryRoot, "src/Bootc.Signatures/Sigstore/PublicGood/trusted_root.json")));
    }

    [Fact]
    public void A_file_of_the_host_replaces_the_root_that_is_built_in()
    {
        using var directory = new TestDirectory("root");
        Assert.Equal(2, TrustedRoot.OfHost(directory.Path).Logs.Count);
        directory.Write(TrustedRoot.HostPath, TestSigstore.RootJson().ToJsonString());
        Assert.Equal("https://log.example.com", TrustedRoot.OfHost(directory.Path).Logs[0].BaseUrl);
        directory.Write(TrustedRoot.HostPath, "{");
        Assert.Contains("is malformed", Assert.Throws<TrustRootException>(() => TrustedRoot.OfHost(directory.Path)).Message);
    }

    [Theory]
    [InlineData("happy-path-v0.3", "nobody@example.com", Issuer, "not for nobody@example.com")]
    [InlineData("happy-path-v0.3", Identity, "https://example.com", "the signer logged in at https://token.actions.githubusercontent.com, not at https://example.com")]
    [InlineData("managed-key-happy-path", Identity, Issuer, "signed by a key, not by someone who has a certificate")]
    public void Another_signer_is_refused(string name, string identity, string issuer, string reason)
    {
        string folder = TestData.Get($"{Folder}/{name}");

        var refusal = Assert.Throws<InvalidSignatureException>(() => Root(folder).Verify(SigstoreBundle.Load($"{folder}/bundle.sigstore.json"), ExpectedSigner.OfIdentity(identity, issuer), Artifact(folder)));

        Assert.Contains(reason, refusal.Message);
    }

    [Theory]
    [InlineData("happy-path-v0.3", "rekor2-happy-path", "which the trusted root does not have")]
    [InlineData("rekor2-happy-path", "intoto-with-custom-trust-root", "which the trusted root does not have")]
    public void Another_trusted_root_does_not_know_the_log(string name, string other, string reason)
    {
        string folder = TestData.Get($"{Folder}/{name}");

        var refusal = Assert.Throws<InvalidSignatureException>(() => Root(TestData.Get($"{Folder}/{other}")).Verify(SigstoreBundle.Load($"{folder}/bundle.sigstore.json"), Signer(folder), Artifact(folder)));

        Assert.Contains(reason, refusal.Message);
    }

    [Theory]
    [InlineData("happy-path-v0.1", "the bundle is for an artifact whose SHA2_256 digest is")]
    [InlineData("intoto-with-custom-trust-root", "the statement is about d.txt (sha256:330a0432")]
    public void Another_artifact_is_refused(string name, string reason)
    {
        string folder = TestData.Get($"{Folder}/{name}");

        var refusal = Assert.Throws<InvalidSignatureException>(() => Root(folder).Verify(SigstoreBundle.Load($"{folder}/bundle.sigstore.json"), Signer(folder), SignedArtifact.FromBytes("else"u8.ToArray(), "x")));

        Assert.Contains(reason, refusal.Message);
    }

    /// <summary>Verifies a bundle as the one of a folder.</summary>
    internal static BundleEvidence Verify(string folder, SigstoreBundle? bundle = null) => Root(folder).Verify(bundle ?? SigstoreBundle.Load($"{folder}/bundle.sigstore.json"), Signer(folder), Artifact(folder));

    private static BundleVerifier Root(string folder) =>
        new(TrustedRoot.Load(File.Exists($"{folder}/trusted_root.json") ? $"{folder}/trusted_root.json" : $"{folder}/../trusted_root.json"));

    private static ExpectedSigner Signer(string folder) => File.Exists($"{folder}/key.pub")
        ? ExpectedSigner.OfKey(File.ReadAllBytes($"{folder}/key.pub"), "key.pub")
        : ExpectedSigner.OfIdentity(ReadOr($"{folder}/identity", Identity), ReadOr($"{folder}/issuer", Issuer));

    private static SignedArtifact Artifact(string folder) => SignedArtifact.FromFile(File.Exists($"{folder}/artifact") ? $"{folder}/artifact" : $"{folder}/../a.txt");

    private static string ReadOr(string path, string otherwise) => File.Exists(path) ? File.ReadAllText(path).Trim() : otherwise;
}
