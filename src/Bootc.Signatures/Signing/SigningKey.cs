// A private key, and what it signs.
using Bootc.Signatures.Keys;
using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.Pkcs;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Security;

namespace Bootc.Signatures.Signing;

/// <summary>A private key that signs as cosign does: ECDSA and RSA over SHA-256, or Ed25519.</summary>
public sealed class SigningKey
{
    private readonly AsymmetricKeyParameter _key;

    private SigningKey(AsymmetricKeyParameter key)
    {
        _key = key;
        PublicKey = PublicKey.Of(key switch
        {
            ECPrivateKeyParameters ec => new ECPublicKeyParameters(ec.AlgorithmName, ec.Parameters.G.Multiply(ec.D), ec.PublicKeyParamSet ?? throw new FormatException("its curve has no name")),
            RsaPrivateCrtKeyParameters rsa => new RsaKeyParameters(false, rsa.Modulus, rsa.PublicExponent),
            Ed25519PrivateKeyParameters ed25519 => ed25519.GeneratePublicKey(),
            _ => throw new FormatException("it is neither an ECDSA, RSA nor Ed25519 key"),
        });
    }

    /// <summary>The key that verifies.</summary>
    internal PublicKey PublicKey { get; }

    /// <summary>Reads a key in PEM format: in PKCS #8, locked or not, or as cosign locks it.</summary>
    /// <param name="pem">The text.</param>
    /// <param name="password">Asked for the password of a key that is locked.</param>
    /// <exception cref="SigningKeyException">It cannot be used.</exception>
    public static SigningKey FromPem(ReadOnlySpan<byte> pem, Func<string> password)
    {
        try
        {
            (string label, byte[] content) = Pem.ReadOne(pem);
            return new SigningKey(label switch
            {
                "PRIVATE KEY" => PrivateKeyFactory.CreateKey(content),
                "ENCRYPTED PRIVATE KEY" => Unlock(content, password()),
                "ENCRYPTED SIGSTORE PRIVATE KEY" or "ENCRYPTED COSIGN PRIVATE KEY" => PrivateKeyFactory.CreateKey(LockedKey.Unlock(content, password())),
                _ => throw new FormatException($"it holds a '{label}', no private key in PKCS #8 and none of cosign"),
            });
        }
        catch (Exception e) when (e is not (SigningKeyException or OutOfMemoryException))
        {
            throw new SigningKeyException($"the key cannot be used: {e.Message}", e);
        }
    }

    /// <summary>Signs a message.</summary>
    internal byte[] Sign(ReadOnlySpan<byte> message)
    {
        ISigner signer = _key switch
        {
            ECPrivateKeyParameters => new DsaDigestSigner(new ECDsaSigner(new HMacDsaKCalculator(new Sha256Digest())), new Sha256Digest()),
            RsaPrivateCrtKeyParameters => new RsaDigestSigner(new Sha256Digest()),
            _ => new Ed25519Signer(),
        };
        signer.Init(forSigning: true, _key);
        signer.BlockUpdate(message);
        return signer.GenerateSignature();
    }

    private static AsymmetricKeyParameter Unlock(byte[] der, string password)
    {
        var locked = EncryptedPrivateKeyInfo.GetInstance(Asn1Object.FromByteArray(der));
        try
        {
            return PrivateKeyFactory.DecryptKey(password.ToCharArray(), locked);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new SigningKeyException("the password does not unlock the key"); // what comes out is padding or a key by accident alone
        }
    }
}
