// A private key as cosign keeps it: locked with a key that scrypt makes of a password.
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Bootc.Signatures.Json;
using Org.BouncyCastle.Crypto.Generators;

namespace Bootc.Signatures.Signing;

/// <summary>The JSON in a PEM block <c>ENCRYPTED SIGSTORE PRIVATE KEY</c> (sigstore/cosign, specs/SIGNATURE_SPEC.md; go-securesystemslib, encrypted).</summary>
internal static class LockedKey
{
    private const long MaximumMemory = 1L << 30; // scrypt needs 128 * N * r bytes
    private const int MaximumParallel = 16;

    /// <summary>Unlocks a key.</summary>
    /// <returns>The key in PKCS #8.</returns>
    /// <exception cref="SigningKeyException">It is malformed, or locked with another password.</exception>
    public static byte[] Unlock(byte[] json, string password)
    {
        try
        {
            using JsonDocument document = StrictObject.Parse(json);
            return Unlock(new StrictObject(document.RootElement, ""), password);
        }
        catch (JsonFormatException e)
        {
            throw new SigningKeyException($"the locked key is malformed: {e.Message}", e);
        }
    }

    private static byte[] Unlock(StrictObject key, string password)
    {
        StrictObject derivation = key.GetObject("kdf");
        StrictObject cipher = key.GetObject("cipher");
        if (derivation.GetString("name") != "scrypt" || cipher.GetString("name") != "nacl/secretbox")
        {
            throw new JsonFormatException("it is locked in another way than by scrypt and nacl/secretbox");
        }

        StrictObject cost = derivation.GetObject("params");
        (long n, long r, long p) = (cost.GetInteger("N"), cost.GetInteger("r"), cost.GetInteger("p"));
        if (n is < 2 or > int.MaxValue || !long.IsPow2(n) || r is < 1 or > 1024 || p is < 1 or > MaximumParallel || 128 * n * r > MaximumMemory)
        {
            throw new JsonFormatException($"the cost of scrypt, N {n}, r {r} and p {p}, is out of range");
        }

        byte[] nonce = cipher.GetBytes("nonce");
        if (nonce.Length != SecretBox.NonceSize)
        {
            throw new JsonFormatException($"'{cipher.PathOf("nonce")}' has {nonce.Length} bytes");
        }

        byte[] secret = SCrypt.Generate(Encoding.UTF8.GetBytes(password), derivation.GetBytes("salt"), (int)n, (int)r, (int)p, SecretBox.KeySize);
        byte[]? content = SecretBox.TryOpen(key.GetBytes("ciphertext"), secret, nonce);
        CryptographicOperations.ZeroMemory(secret);
        return content ?? throw new SigningKeyException("the password does not unlock the key");
    }
}
