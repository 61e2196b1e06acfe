// Public keys and the signatures that they verify, each by the one algorithm that goes with its kind.
using System.Security.Cryptography;
using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.Nist;
using Org.BouncyCastle.Asn1.Pkcs;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Math.EC.Rfc8032;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;

namespace Bootc.Signatures.Keys;

/// <summary>
/// A public key. The kind of key alone chooses the algorithm, so that a signature cannot: ECDSA with SHA-256 (of P-256, P-384 or
/// P-521), RSA PKCS #1 v1.5 with SHA-256, or Ed25519, as cosign signs with them.
/// </summary>
internal sealed class PublicKey
{
    private const int MinimumRsaBits = 2048;
    private static readonly int[] CurveSizes = [256, 384, 521];

    private PublicKey(AsymmetricKeyParameter key)
    {
        Parameters = key;
        Der = SubjectPublicKeyInfoFactory.CreateSubjectPublicKeyInfo(key).GetDerEncoded();
    }

    /// <summary>The key for BouncyCastle.</summary>
    public AsymmetricKeyParameter Parameters { get; }

    /// <summary>The key's SubjectPublicKeyInfo.</summary>
    public byte[] Der { get; }

    /// <summary>The SHA-256 of <see cref="Der"/>, by which logs know the key.</summary>
    public string Fingerprint => Convert.ToHexStringLower(SHA256.HashData(Der));

    /// <summary>The kind of key: <c>ECDSA P-256</c>, <c>RSA 4096</c>, <c>Ed25519</c>.</summary>
    public string Kind => Parameters switch
    {
        ECPublicKeyParameters ec => $"ECDSA P-{ec.Parameters.Curve.FieldSize}",
        RsaKeyParameters rsa => $"RSA {rsa.Modulus.BitLength}",
        _ => "Ed25519",
    };

    /// <summary>
    /// The algorithms of the digests that this key signs in Sigstore's bundles, where the kind of key chooses the algorithm, too
    /// (sigstore/architecture-docs, algorithm-registry.md): those of its own size, and SHA-256 that tools of old take for all.
    /// For Ed25519 it is that of Ed25519ph (RFC 8032, section 5.1).
    /// </summary>
    public IReadOnlyList<HashAlgorithmName> DigestAlgorithms => Parameters switch
    {
        ECPublicKeyParameters { Parameters.Curve.FieldSize: 384 } => [HashAlgorithmName.SHA384, HashAlgorithmName.SHA256],
        ECPublicKeyParameters { Parameters.Curve.FieldSize: 521 } => [HashAlgorithmName.SHA512, HashAlgorithmName.SHA256],
        Ed25519PublicKeyParameters => [HashAlgorithmName.SHA512],
        _ => [HashAlgorithmName.SHA256],
    };

    /// <summary>Whether the key signs messages without a digest of them: it is of Ed25519.</summary>
    public bool SignsMessages => Parameters is Ed25519PublicKeyParameters;

    /// <summary>Reads a key in PEM format.</summary>
    /// <exception cref="FormatException">It is none, or of a kind that is not supported.</exception>
    public static PublicKey FromPem(ReadOnlySpan<byte> pem)
    {
        (string label, byte[] content) = Pem.ReadOne(pem);
        return label switch
        {
            "PUBLIC KEY" => FromDer(content),
            "RSA PUBLIC KEY" => FromPkcs1(content),
            _ => throw new FormatException($"it holds a '{label}', no public key"),
        };
    }

    /// <summary>Reads a SubjectPublicKeyInfo.</summary>
    /// <exception cref="FormatException">It is none, or of a kind that is not supported.</exception>
    public static PublicKey FromDer(byte[] der) => Read(() => Of(PublicKeyFactory.CreateKey(der)));

    /// <summary>Reads an RSAPublicKey (RFC 8017, appendix A.1.1).</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static PublicKey FromPkcs1(byte[] der) => Read(() => Of(ReadRsa(der)));

    /// <summary>A key that BouncyCastle has read, as from a certificate.</summary>
    /// <exception cref="FormatException">It is of a kind that is not supported.</exception>
    public static PublicKey Of(AsymmetricKeyParameter key) => key switch
    {
        ECPublicKeyParameters ec when IsSupported(ec) => new PublicKey(ec),
        ECPublicKeyParameters => throw new FormatException("it is of a curve other than P-256, P-384 and P-521"),
        RsaKeyParameters { IsPrivate: false } rsa => rsa.Modulus.BitLength >= MinimumRsaBits ? new PublicKey(rsa) : throw new FormatException($"it is an RSA key of {rsa.Modulus.BitLength} bits, fewer than {MinimumRsaBits}"),
        Ed25519PublicKeyParameters => new PublicKey(key),
        _ => throw new FormatException("it is neither an ECDSA, RSA nor Ed25519 key"),
    };

    /// <summary>Whether a signature is one of this key over a message.</summary>
    public bool Verifies(ReadOnlySpan<byte> message, byte[] signature)
    {
        ISigner signer = Parameters switch
        {
            ECPublicKeyParameters => new DsaDigestSigner(new ECDsaSigner(), new Sha256Digest()),
            RsaKeyParameters => new RsaDigestSigner(new Sha256Digest()),
            _ => new Ed25519Signer(),
        };
        try
        {
            signer.Init(forSigning: false, Parameters);
            signer.BlockUpdate(message);
            return signer.VerifySignature(signature);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return false;
        }
    }

    /// <summary>Whether a signature is one of this key over a digest, by one of <see cref="DigestAlgorithms"/>.</summary>
    public bool VerifiesDigest(HashAlgorithmName algorithm, byte[] digest, byte[] signature)
    {
        if (!DigestAlgorithms.Contains(algorithm))
        {
            return false;
        }

        try
        {
            if (Parameters is Ed25519PublicKeyParameters ed25519)
            {
                return signature.Length == Ed25519.SignatureSize && Ed25519.VerifyPrehash(signature, 0, ed25519.GetEncoded(), 0, [], digest, 0);
            }

            ISigner signer = Parameters is RsaKeyParameters
                ? new RsaDigestSigner(new NullDigest(), NistObjectIdentifiers.IdSha256)
                : new DsaDigestSigner(new ECDsaSigner(), new NullDigest());
            signer.Init(forSigning: false, Parameters);
            signer.BlockUpdate(digest);
            return signer.VerifySignature(signature);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return false;
        }
    }

    // A named curve, not one that only looks like it.
    private static bool IsSupported(ECPublicKeyParameters ec) =>
        ec.PublicKeyParamSet is { } name && NistNamedCurves.GetName(name) is { } known && CurveSizes.Any(size => known == $"P-{size}");

    private static RsaKeyParameters ReadRsa(byte[] content)
    {
        RsaPublicKeyStructure key = RsaPublicKeyStructure.GetInstance(Asn1Object.FromByteArray(content));
        return new RsaKeyParameters(false, key.Modulus, key.PublicExponent);
    }

    private static PublicKey Read(Func<PublicKey> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is not FormatException)
        {
            throw new FormatException($"it is no public key: {e.Message}", e);
        }
    }
}
