// What NaCl locks with a key (nacl.cr.yp.to, secretbox): XSalsa20 and Poly1305.
using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Engines;
using Org.BouncyCastle.Crypto.Macs;
using Org.BouncyCastle.Crypto.Parameters;

namespace Bootc.Signatures.Signing;

internal static class SecretBox
{
    public const int KeySize = 32;
    public const int NonceSize = 24;
    private const int TagSize = 16;

    /// <summary>Opens a box: 16 bytes of tag, and what is locked.</summary>
    /// <returns>What was locked; nothing where it was with another key, or was changed.</returns>
    public static byte[]? TryOpen(ReadOnlySpan<byte> box, byte[] key, byte[] nonce)
    {
        if (box.Length < TagSize)
        {
            return null;
        }

        // The first 32 bytes of the stream are the key of the tag.
        var cipher = new XSalsa20Engine();
        cipher.Init(forEncryption: false, new ParametersWithIV(new KeyParameter(key), nonce));
        byte[] tagKey = new byte[KeySize];
        cipher.ProcessBytes(new byte[KeySize], 0, KeySize, tagKey, 0);
        byte[] locked = box[TagSize..].ToArray();
        var authenticator = new Poly1305();
        authenticator.Init(new KeyParameter(tagKey));
        authenticator.BlockUpdate(locked, 0, locked.Length);
        byte[] tag = new byte[TagSize];
        authenticator.DoFinal(tag, 0);
        if (!CryptographicOperations.FixedTimeEquals(tag, box[..TagSize]))
        {
            return null;
        }

        byte[] content = new byte[locked.Length];
        cipher.ProcessBytes(locked, 0, locked.Length, content, 0);
        return content;
    }
}
