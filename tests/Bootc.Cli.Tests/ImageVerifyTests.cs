// bootc image verify: what the policy asks of an image, and what it gets.
using Bootc.Testing;

namespace Bootc.Cli.Tests;

public sealed class ImageVerifyTests : IDisposable
{
    private readonly TestDirectory _directory = new("cli");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Signature_that_is_good_is_explained()
    {
        CommandResult result = Verify("cosign.pub");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Contains("Manifest: sha256:634a8f35b5f16dcf4aaa0822adc0b1964bb786fca12f6831de8ddc45e5986a00\n", result.Output);
        Assert.Contains("\n  met:     sigstoreSigned by ", result.Output);
        Assert.Contains("\n           signed by the ECDSA P-256 key ", result.Output);
        Assert.EndsWith("\nAccepted: it is signed as the policy asks\n", result.Output);
    }

    [Fact]
    public void Signature_of_someone_else_is_explained()
    {
        CommandResult result = Verify("cosign2.pub");

        Assert.Equal((1, ""), (result.ExitCode, result.Error));
        Assert.Contains("\n  not met: sigstoreSigned by ", result.Output);
        Assert.Contains("signature-1: the signature is not one by the ECDSA P-256 key ", result.Output);
        Assert.EndsWith("\nRefused\n", result.Output);
    }

    [Theory]
    [InlineData("insecureAcceptAnything", false, 0, "Accepted, without a signature")]
    [InlineData("insecureAcceptAnything", true, 1, "Refused")]
    [InlineData("reject", false, 1, "Refused")]
    public void Image_without_a_signature(string type, bool enforced, int code, string conclusion)
    {
        WrittenImage image = OsImage.Create().WriteTo(_directory["image"]);
        string policy = _directory.Write("policy.json", $$"""{"default":[{"type":"{{type}}"}]}""");

        CommandResult result = CliHost.Bootc(["image", "verify", "--transport", "oci", "--policy", policy, .. enforced ? ["--enforce-container-sigpolicy"] : Array.Empty<string>(), image.Reference["oci:".Length..]]);

        Assert.Equal((code, ""), (result.ExitCode, result.Error));
        Assert.EndsWith($"\n{conclusion}\n", result.Output);
    }

    [Fact]
    public void Policy_that_is_malformed_or_missing_is_an_error()
    {
        WrittenImage image = OsImage.Create().WriteTo(_directory["image"]);
        string policy = _directory.Write("policy.json", "{}");

        CommandResult malformed = CliHost.Bootc("image", "verify", "--transport", "oci", "--policy", policy, image.Layout);
        CommandResult missing = CliHost.Bootc("image", "verify", "--transport", "oci", "--policy", policy + "x", image.Layout);

        Assert.Equal((1, $"error: {policy} is malformed, so nothing may be used: 'default' is missing\n"), (malformed.ExitCode, malformed.Error));
        Assert.Equal((1, $"error: '{policy}x' is not there\n"), (missing.ExitCode, missing.Error));
    }

    private CommandResult Verify(string key)
    {
        string image = TestData.Get("signatures/dir-img-cosign-valid");
        foreach (string name in (string[])["manifest.json", "signature-1"])
        {
            Directory.CreateDirectory(_directory["signed"]);
            File.Copy(Path.Combine(image, name), _directory[$"signed/{name}"]);
        }

        string policy = _directory.Write("policy.json", $$"""
            {"default":[{"type":"sigstoreSigned","keyPath":"{{TestData.Get("signatures/" + key)}}",
            "signedIdentity":{"type":"exactRepository","dockerRepository":"192.168.64.2:5000/cosign-signed-single-sample"} }]}
            """);
        return CliHost.Bootc("image", "verify", "--transport", "dir", "--policy", policy, _directory["signed"]);
    }
}
