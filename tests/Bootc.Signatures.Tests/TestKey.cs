// Keys made for one run, and what they sign.
using System.Security.Cryptography;
using Org.BouncyCastle.Asn1.Nist;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Pkcs;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;

namespace Bootc.Signatures.Tests;

/// <summary>A pair of keys that signs as cosign does.</summary>
internal sealed class TestKey
{
    private readonly AsymmetricCipherKeyPair _pair;
    private readonly string _algorithm;

    public TestKey(string kind)
    {
        (IAsymmetricCipherKeyPairGenerator generator, KeyGenerationParameters parameters, _algorithm) = kind switch
        {
            "Ed25519" => ((IAsymmetricCipherKeyPairGenerator)new Ed25519KeyPairGenerator(), (KeyGenerationParameters)new Ed25519KeyGenerationParameters(new SecureRandom()), "Ed25519"),
            _ when kind.StartsWith("RSA", StringComparison.Ordinal) =>
                (new RsaKeyPairGenerator(), new RsaKeyGenerationParameters(BigInteger.ValueOf(65537), new SecureRandom(), int.Parse(kind[4..]), 20), "SHA-256withRSA"),
            _ => (new ECKeyPairGenerator(), new ECKeyGenerationParameters(NistNamedCurves.GetOid(kind), new SecureRandom()), "SHA-256withECDSA"),
        };
        generator.Init(parameters);
        _pair = generator.GenerateKeyPair();
    }

    public byte[] Der => SubjectPublicKeyInfoFactory.CreateSubjectPublicKeyInfo(_pair.Public).GetDerEncoded();

    public string Pem => PemEncoding.WriteString("PUBLIC KEY", Der) + "\n";

    /// <summary>The private key in PKCS #8.</summary>
    public string PrivatePem => PemEncoding.WriteString("PRIVATE KEY", PrivateKeyInfoFactory.CreatePrivateKeyInfo(_pair.Private).GetDerEncoded()) + "\n";

    public byte[] Sign(byte[] message, string? algorithm = null)
    {
        ISigner signer = SignerUtilities.GetSigner(algorithm ?? _algorithm);
        signer.Init(true, _pair.Private);
        signer.BlockUpdate(message);
        return signer.GenerateSignature();
    }
}
