// A key that signs commits for those who ask for signed ones.
using Bootc.Ostree.GVariant;
using Bootc.Testing;

namespace Bootc.E2E.Tests;

/// <summary>A pair of keys of OpenSSL's making. Debian's libostree is built without such signatures, so that they are written here.</summary>
internal sealed class Ed25519Key
{
    private const int Size = 32;
    private readonly string _privateKey = Peer.Run("openssl", "genpkey", "-algorithm", "ed25519").Succeeded();

    /// <summary>The public key in base64, as a line of the initramfs' file has it: the last 32 bytes of its structure (RFC 8410).</summary>
    public string Public =>
        Convert.ToBase64String(Convert.FromBase64String(string.Concat(Peer.Run("openssl", ["pkey", "-pubout"], _privateKey).Succeeded().Split('\n').Where(line => !line.StartsWith('-'))))[^Size..]);

    /// <summary>Signs the newest commit of a sysroot's deployments, as <c>ostree sign</c> does: in the commit's detached metadata.</summary>
    public void SignDeployment(string sysroot)
    {
        string deployment = Directory.GetFiles(Path.Combine(sysroot, "ostree/deploy/default/deploy"), "*.origin").Select(Path.GetFileName).Single()!;
        string commit = Path.Combine(sysroot, "ostree/repo/objects", deployment[..2], deployment[2..deployment.IndexOf('.', StringComparison.Ordinal)]);
        string key = Path.GetTempFileName(), signature = Path.GetTempFileName();
        try
        {
            File.WriteAllText(key, _privateKey);
            Peer.Run("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", commit + ".commit", "-out", signature).Succeeded();
            var metadata = new VariantDictionary();
            metadata.Set("ostree.sign.ed25519", GVariantValue.Array("ay", [GVariantValue.FromBytes(File.ReadAllBytes(signature))]));
            File.WriteAllBytes(commit + ".commitmeta", metadata.Serialize());
        }
        finally
        {
            File.Delete(key);
            File.Delete(signature);
        }
    }
}
