// A key with which libostree signs commits.
using Bootc.Testing;

namespace Bootc.E2E.Tests;

/// <summary>A pair of keys in base64, as <c>ostree sign</c> takes them: the secret one is the seed, then the public one.</summary>
/// <param name="Public">32 bytes.</param>
/// <param name="Secret">64 bytes.</param>
internal sealed record Ed25519Key(string Public, string Secret)
{
    private const int Size = 32;

    /// <summary>Makes a pair.</summary>
    public static Ed25519Key Make()
    {
        string pem = Peer.Run("openssl", "genpkey", "-algorithm", "ed25519").Succeeded();
        byte[] seed = Decode(pem);
        byte[] key = Decode(Peer.Run("openssl", ["pkey", "-pubout"], pem).Succeeded());
        return new Ed25519Key(Convert.ToBase64String(key), Convert.ToBase64String([.. seed, .. key]));
    }

    // In both structures (RFC 8410) the key itself comes last.
    private static byte[] Decode(string pem) => Convert.FromBase64String(string.Concat(pem.Split('\n').Where(line => !line.StartsWith('-'))))[^Size..];
}
