// bootc internals sigstore verify-bundle: the reference bundles, by exit code and one line.
using Bootc.Testing;

namespace Bootc.Cli.Tests;

public sealed class VerifyBundleTests
{
    private const string Identity = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
    private const string Issuer = "https://token.actions.githubusercontent.com";

    [Fact]
    public void Signature_by_someone_who_logged_in()
    {
        string folder = TestData.Get("signatures/sigstore-bundles");

        CommandResult result = Verify(folder, "happy-path-v0.3", "--certificate-identity", Identity, "--certificate-oidc-issuer", Issuer);

        Assert.Equal((0, "", $"{folder}/a.txt is signed by {Identity} of {Issuer} at 2024-03-19 17:26:26Z, logged by rekor.sigstore.dev\n"), (result.ExitCode, result.Error, result.Output));
    }

    [Fact]
    public void The_public_good_instance_of_Sigstore_is_trusted_where_nothing_else_is_named()
    {
        string folder = TestData.Get("signatures/sigstore-bundles");
        Assert.SkipWhen(File.Exists("/etc/bootc/trusted_root.json"), "this machine has a trusted root of its own");

        CommandResult result = CliHost.Bootc("internals", "sigstore", "verify-bundle", "--bundle", $"{folder}/happy-path-v0.3/bundle.sigstore.json", "--certificate-identity", Identity, "--certificate-oidc-issuer", Issuer, $"{folder}/a.txt");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
    }

    [Theory]
    [InlineData("happy-path-v0.3", null)]
    [InlineData("incorrect-public-key_fail", "the log entry is of a signature by another key or certificate")]
    public void File_may_be_named_by_its_digest(string name, string? reason)
    {
        string folder = TestData.Get("signatures/sigstore-bundles");
        string digest = $"sha256:{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes($"{folder}/a.txt")))}";

        CommandResult result = VerifyArtifact(folder, name, digest, "--certificate-identity", Identity, "--certificate-oidc-issuer", Issuer);

        Assert.Equal((reason is null ? 0 : 1, reason is null ? "" : $"error: {reason}\n"), (result.ExitCode, result.Error));
    }

    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000", "the bundle is for an artifact whose SHA2_256 digest is ")]
    [InlineData("00", "'{0}' is not there")]
    public void Digest_of_another_file(string hex, string reason)
    {
        string folder = TestData.Get("signatures/sigstore-bundles");

        CommandResult result = VerifyArtifact(folder, "happy-path-v0.3", $"sha256:{hex}", "--certificate-identity", Identity, "--certificate-oidc-issuer", Issuer);

        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith($"error: {string.Format(System.Globalization.CultureInfo.InvariantCulture, reason, Path.GetFullPath($"sha256:{hex}"))}", result.Error);
    }

    [Fact]
    public void Signature_by_a_key()
    {
        string folder = TestData.Get("signatures/sigstore-bundles");

        CommandResult result = Verify(folder, "managed-key-happy-path", "--key", $"{folder}/managed-key-happy-path/key.pub");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.StartsWith($"{folder}/a.txt is signed by the ECDSA P-256 key ", result.Output);
    }

    [Theory]
    [InlineData("inclusion-proof-corrupted-hash_fail", "the inclusion proof does not lead from the log entry to the root hash of the log")]
    [InlineData("incorrect-public-key_fail", "the log entry is of a signature by another key or certificate")]
    public void Bundle_that_does_not_verify(string name, string reason)
    {
        CommandResult result = Verify(TestData.Get("signatures/sigstore-bundles"), name, "--certificate-identity", Identity, "--certificate-oidc-issuer", Issuer);

        Assert.Equal((1, "", $"error: {reason}\n"), (result.ExitCode, result.Output, result.Error));
    }

    [Theory]
    [InlineData()]
    [InlineData("--certificate-identity", "x")]
    [InlineData("--key", "x", "--certificate-oidc-issuer", "y")]
    public void Who_must_have_signed_is_asked_for_in_one_way(params string[] signer)
    {
        CommandResult result = CliHost.Bootc(["internals", "sigstore", "verify-bundle", "--trusted-root", "x", "--bundle", "x", .. signer, "x"]);

        Assert.Equal(2, result.ExitCode);
        Assert.Contains("either --key is needed, or --certificate-identity and --certificate-oidc-issuer", result.Error);
    }

    private static CommandResult Verify(string folder, string name, params string[] signer) =>
        VerifyArtifact(folder, name, $"{folder}/a.txt", signer);

    private static CommandResult VerifyArtifact(string folder, string name, string artifact, params string[] signer) =>
        CliHost.Bootc(["internals", "sigstore", "verify-bundle", "--trusted-root", $"{folder}/trusted_root.json", "--bundle", $"{folder}/{name}/bundle.sigstore.json", .. signer, artifact]);
}
