// bootc internals commit-signature: commits of a repository and of a sysroot are signed and checked, by one line and the exit code.
using Bootc.Ostree;
using Bootc.Testing;

namespace Bootc.Cli.Tests;

public sealed class CommitSignatureCommandTests
{
    [Fact]
    public void Commit_of_a_deployment_is_signed_and_checked()
    {
        Peer.Require("openssl");
        using var host = new CliHost();
        host.Run("switch", "--transport", "oci", host.Publish("1").Reference["oci:".Length..]).Succeeded();
        string key = host["key.pem"];
        Peer.Run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key).Succeeded();
        Peer.Run("openssl", "pkey", "-in", key, "-pubout", "-out", host["key.pub"]).Succeeded();
        using (Repository repository = Repository.Open(Path.Combine(host.Sysroot, "ostree/repo")))
        {
            repository.ChangeConfig(file => file.SetBoolean("remote \"own\"", "gpg-verify", false).SetString("remote \"own\"", "sign-verify", "spki").SetString("remote \"own\"", "verification-spki-file", host["key.pub"]));
        }

        CommandResult before = host.Run("internals", "commit-signature", "verify", "default", "--type", "spki", "--keys", host["key.pub"]);
        CommandResult signed = host.Run("internals", "commit-signature", "add", "default", "--type", "spki", "--key", key);
        CommandResult after = host.Run("internals", "commit-signature", "verify", "default", "--type", "spki", "--keys", host["key.pub"]);
        CommandResult byRemote = host.Run("internals", "commit-signature", "verify", "default", "--ostree-remote", "own");
        CommandResult other = host.Run("internals", "commit-signature", "verify", "default", "--ostree-remote", "none");

        Assert.Equal((1, "error: the commit has no signature in ostree.sign.spki\n"), (before.ExitCode, before.Error));
        Assert.Matches("^Signed [0-9a-f]{64} by the ECDSA P-256 key [0-9a-f]{16}\n$", signed.Succeeded());
        Assert.Matches("^[0-9a-f]{64} is signed by the ECDSA P-256 key [0-9a-f]{16} \\(ostree.sign.spki\\)\n$", after.Succeeded());
        Assert.Equal(after.Output, byRemote.Succeeded());
        Assert.Equal(1, other.ExitCode);
        Assert.StartsWith("error: there is no ostree remote none", other.Error);
    }

    [Fact]
    public void Remote_and_keys_are_not_named_both()
    {
        CommandResult result = CliHost.Bootc("internals", "commit-signature", "verify", "--ostree-remote", "x", "--type", "gpg", "main");

        Assert.Equal(2, result.ExitCode);
        Assert.Contains("it does not go together with --type and --keys", result.Error);
    }
}
