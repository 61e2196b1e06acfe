// bootc image sign: keys, passwords, and what it says; that others accept the signatures is tested where they are made.
using Bootc.Testing;

namespace Bootc.Cli.Tests;

public sealed class ImageSignTests : IDisposable
{
    private readonly TestDirectory _directory = new("cli");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Image_in_a_registry_is_signed()
    {
        Peer.Require("skopeo", "openssl");
        using var registry = new RealRegistry(_directory);
        WrittenImage image = OsImage.Create().WriteTo(_directory["image"]);
        string name = $"{registry.Address}/os/image";
        Peer.Run("skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false", image.Reference, $"docker://{name}:1").Succeeded();
        MakeKey("-aes256 -pass pass:secret");

        CommandResult byVariable = Sign(name + ":1", "secret");
        CommandResult byFile = Sign(name + ":1", null, "--passphrase-file", _directory.Write("password", "secret\n"), "--sign-identity", "example.com/os:stable", "--bundle");
        string attached = Peer.Run("skopeo", "inspect", "--raw", "--tls-verify=false", $"docker://{name}:{image.ManifestDigest.Replace(':', '-')}.sig").Succeeded();

        Assert.Equal((0, ""), (byVariable.ExitCode, byVariable.Error));
        Assert.Matches($"^Signed {image.ManifestDigest} as {name}:1 by the ECDSA P-256 key [0-9a-f]{{16}}; the signature is at {name}:sha256-[0-9a-f]{{64}}.sig\n$", byVariable.Output);
        Assert.Contains("as example.com/os:stable by", byFile.Output);
        Assert.Matches($"\nThe bundle is at {name}@sha256:[0-9a-f]{{64}}\n$", byFile.Output);
        Assert.Equal(2, attached.Split("dev.cosignproject.cosign/signature").Length - 1);
    }

    [Theory]
    [InlineData("other", "error: the password does not unlock the key\n")]
    [InlineData(null, "error: the key is locked, and there is no terminal to ask for its password on: give it by --passphrase-file or $COSIGN_PASSWORD\n")]
    public void Key_that_is_locked(string? password, string error)
    {
        Peer.Require("openssl");
        MakeKey("-aes256 -pass pass:secret");

        CommandResult result = Sign("localhost:1/os:1", password);

        Assert.Equal((1, error), (result.ExitCode, result.Error));
    }

    private void MakeKey(string cipher) => Peer.Run("sh", "-c", $"openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 {cipher} -out {_directory["key"]}").Succeeded();

    private CommandResult Sign(string image, string? password, params string[] options) => Peer.Run(
        "sh", ["-c", $"{CliHost.Executable} image sign --key {_directory["key"]} {string.Join(' ', options)} {image} </dev/null"], null, password is null ? null : new Dictionary<string, string> { ["COSIGN_PASSWORD"] = password });
}
