// What is not booted, and what is said of it.
using Bootc.Ostree.GVariant;
using Bootc.Testing;
using Org.BouncyCastle.Math.EC.Rfc8032;
using Org.BouncyCastle.Security;

namespace Bootc.PrepareRoot.Tests;

public class RefusalTests
{
    [Fact]
    public void An_image_that_was_changed()
    {
        using var initramfs = new Initramfs();
        Flip(initramfs.Deployment + "/.ostree.cfs");

        Assert.Matches($"^error: {initramfs.DeploymentPath}/\\.ostree\\.cfs was changed: its fs-verity digest is [0-9a-f]{{64}}, the commit {initramfs.Commit} says [0-9a-f]{{64}}$", initramfs.Refusal());
    }

    [Fact]
    public void An_image_that_is_missing()
    {
        using var initramfs = new Initramfs();
        File.Delete(initramfs.Deployment + "/.ostree.cfs");

        Assert.Equal($"error: {initramfs.DeploymentPath}/.ostree.cfs is missing", initramfs.Refusal());
    }

    [Fact]
    public void A_commit_that_was_changed_or_is_missing()
    {
        using var initramfs = new Initramfs();
        string name = $"ostree/repo/objects/{initramfs.Commit[..2]}/{initramfs.Commit[2..]}.commit";
        Flip(Path.Combine(initramfs.Sysroot, name));
        string changed = initramfs.Refusal();
        File.Delete(Path.Combine(initramfs.Sysroot, name));

        Assert.StartsWith($"error: the commit {name} was changed: its checksum is ", changed);
        Assert.Equal($"error: the commit {name} is missing", initramfs.Refusal());
    }

    [Theory]
    [InlineData("true")]
    [InlineData("yes")]
    public void An_image_that_is_not_sealed_in_a_store_that_is(string value)
    {
        using var initramfs = new Initramfs();
        File.AppendAllText(Path.Combine(initramfs.Sysroot, "ostree/repo/config"), $"\n[ex-integrity]\nfsverity={value}\n");

        Assert.Equal($"error: {initramfs.DeploymentPath}/.ostree.cfs is not sealed with fs-verity, which ex-integrity.fsverity of ostree/repo/config asks for", initramfs.Refusal());
    }

    [Fact]
    public void An_image_that_is_not_sealed_when_the_configuration_asks_for_it()
    {
        using var initramfs = new Initramfs("[composefs]\nenabled=verity\n");

        Assert.Equal($"error: {initramfs.DeploymentPath}/.ostree.cfs is not sealed with fs-verity, which composefs.enabled asks for", initramfs.Refusal());
    }

    [Fact]
    public void A_transient_root_without_composefs()
    {
        using var initramfs = new Initramfs("[root]\ntransient=true\n");

        Assert.Equal("error: root.transient needs composefs, and this deployment is booted without", initramfs.Refusal());
    }

    [Fact]
    public void A_kernel_command_line_without_a_deployment()
    {
        using var initramfs = new Initramfs() { CommandLine = "quiet" };

        Assert.Equal("error: the kernel command line has no ostree= argument that names the deployment", initramfs.Refusal());
    }

    [Fact]
    public void A_commit_without_a_signature_of_a_key_that_is_known()
    {
        using var initramfs = new Initramfs("[composefs]\nenabled=signed\nkeypath=/etc/keys\n");
        string metadata = $"ostree/repo/objects/{initramfs.Commit[..2]}/{initramfs.Commit[2..]}.commitmeta";
        (byte[] secret, byte[] key) = MakeKey();
        (byte[] stranger, _) = MakeKey();
        var refusals = new List<string> { initramfs.Refusal() };
        initramfs.Write("etc/keys", "\n");
        refusals.Add(initramfs.Refusal());
        initramfs.Write("etc/keys", "c2hvcnQ=\n");
        refusals.Add(initramfs.Refusal());
        initramfs.Write("etc/keys", Convert.ToBase64String(key) + "\n");
        File.Delete(Path.Combine(initramfs.Sysroot, metadata));
        refusals.Add(initramfs.Refusal());
        Sign(initramfs, metadata);
        refusals.Add(initramfs.Refusal());
        Sign(initramfs, metadata, stranger);
        refusals.Add(initramfs.Refusal());
        Sign(initramfs, metadata, stranger, secret); // signed: what is missing now is the seal
        refusals.Add(initramfs.Refusal());

        Assert.Equal(
            [
                "error: composefs.enabled is signed, and /etc/keys with the public keys is missing",
                "error: /etc/keys has no public key",
                "error: /etc/keys: 'c2hvcnQ=' is no Ed25519 public key in base64",
                $"error: the commit {initramfs.Commit} is not signed: {metadata} is missing",
                $"error: the commit {initramfs.Commit} is not signed: {metadata} has no ostree.sign.ed25519",
                $"error: the commit {initramfs.Commit} is not signed by any key of /etc/keys",
                $"error: {initramfs.DeploymentPath}/.ostree.cfs is not sealed with fs-verity, which composefs.enabled asks for",
            ],
            refusals);
    }

    [Fact]
    public void Signatures_of_OpenSSL_are_understood()
    {
        Peer.Require("openssl");
        using var initramfs = new Initramfs("[composefs]\nenabled=signed\n");
        using var keys = new TestDirectory("keys");
        string commit = initramfs.ObjectPath(initramfs.Commit + ".commit");
        Peer.Run("openssl", "genpkey", "-algorithm", "ed25519", "-out", keys["key"]).Succeeded();
        Peer.Run("openssl", "pkey", "-in", keys["key"], "-pubout", "-outform", "DER", "-out", keys["public"]).Succeeded();
        Peer.Run("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", keys["key"], "-in", commit, "-out", keys["signature"]).Succeeded();
        initramfs.Write("etc/ostree/initramfs-root-binding.key", Convert.ToBase64String(File.ReadAllBytes(keys["public"])[^32..]));
        WriteSignatures(initramfs.ObjectPath(initramfs.Commit + ".commitmeta"), [File.ReadAllBytes(keys["signature"])]);

        Assert.EndsWith("is not sealed with fs-verity, which composefs.enabled asks for", initramfs.Refusal());
    }

    private static void Flip(string path)
    {
        byte[] content = File.ReadAllBytes(path);
        content[content.Length / 2] ^= 1;
        File.Delete(path); // a hard link elsewhere stays as it is
        File.WriteAllBytes(path, content);
    }

    private static (byte[] Secret, byte[] Public) MakeKey()
    {
        byte[] secret = new byte[Ed25519.SecretKeySize], key = new byte[Ed25519.PublicKeySize];
        Ed25519.GeneratePrivateKey(new SecureRandom(), secret);
        Ed25519.GeneratePublicKey(secret, 0, key, 0);
        return (secret, key);
    }

    private static void Sign(Initramfs initramfs, string metadata, params byte[][] secrets)
    {
        byte[] commit = File.ReadAllBytes(initramfs.ObjectPath(initramfs.Commit + ".commit"));
        WriteSignatures(Path.Combine(initramfs.Sysroot, metadata), [.. secrets.Select(secret =>
        {
            byte[] signature = new byte[Ed25519.SignatureSize];
            Ed25519.Sign(secret, 0, commit, 0, commit.Length, signature, 0);
            return signature;
        })]);
    }

    private static void WriteSignatures(string path, byte[][] signatures)
    {
        var metadata = new VariantDictionary();
        if (signatures.Length > 0)
        {
            metadata.Set("ostree.sign.ed25519", GVariantValue.Array("ay", [.. signatures.Select(signature => GVariantValue.FromBytes(signature))]));
        }

        File.WriteAllBytes(path, metadata.Serialize());
    }
}
