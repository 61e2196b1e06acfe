// OpenPGP keys made for one run, and messages signed with them.
using Org.BouncyCastle.Bcpg;
using Org.BouncyCastle.Bcpg.OpenPgp;
using Org.BouncyCastle.Bcpg.Sig;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Security;

namespace Bootc.Signatures.Tests;

/// <summary>A primary key, and a subkey for signing if that is wanted.</summary>
internal sealed class TestKeyRing
{
    private readonly PgpSecretKeyRing _secret;
    private readonly PgpPublicKeyRing _public;

    public TestKeyRing(bool withSubkey = false, bool maySign = true, TimeSpan? lifetime = null, DateTime? created = null)
    {
        DateTime time = created ?? DateTime.UtcNow.AddMinutes(-1);
        var primary = new PgpSignatureSubpacketGenerator();
        primary.SetKeyFlags(false, KeyFlags.CertifyOther | (maySign ? KeyFlags.SignData : 0));
        if (lifetime is { } limited)
        {
            primary.SetKeyExpirationTime(false, (long)limited.TotalSeconds);
        }

        var generator = new PgpKeyRingGenerator(
            PgpSignature.PositiveCertification, CreatePair(time), "Test <test@example.com>", SymmetricKeyAlgorithmTag.Null, HashAlgorithmTag.Sha256, Array.Empty<char>(), true, primary.Generate(), null, new SecureRandom());
        if (withSubkey)
        {
            var sub = new PgpSignatureSubpacketGenerator();
            sub.SetKeyFlags(false, KeyFlags.SignData);
            generator.AddSubKey(CreatePair(time), sub.Generate(), null, HashAlgorithmTag.Sha256, HashAlgorithmTag.Sha256);
        }

        _secret = generator.GenerateSecretKeyRing();
        _public = generator.GeneratePublicKeyRing();
    }

    public string Fingerprint => Convert.ToHexString(_public.GetPublicKey().GetFingerprint());

    /// <summary>The public keys, as gpg exports them.</summary>
    public byte[] Export(bool armored = false)
    {
        using var buffer = new MemoryStream();
        if (armored)
        {
            using var armor = new ArmoredOutputStream(buffer);
            _public.Encode(armor);
        }
        else
        {
            _public.Encode(buffer);
        }

        return buffer.ToArray();
    }

    /// <summary>A signed message, as <c>gpg --sign</c> makes it.</summary>
    public byte[] Sign(byte[] content, HashAlgorithmTag hash = HashAlgorithmTag.Sha256)
    {
        PgpSecretKey key = _secret.GetSecretKeys().Last();
        var signature = new PgpSignatureGenerator(key.PublicKey.Algorithm, hash);
        signature.InitSign(PgpSignature.BinaryDocument, key.ExtractPrivateKey(Array.Empty<char>()));
        using var buffer = new MemoryStream();
        signature.GenerateOnePassVersion(false).Encode(buffer);
        var literal = new PgpLiteralDataGenerator();
        using (Stream data = literal.Open(buffer, PgpLiteralData.Binary, "", content.Length, DateTime.UtcNow))
        {
            data.Write(content);
            signature.Update(content);
        }

        signature.Generate().Encode(buffer);
        return buffer.ToArray();
    }

    private static PgpKeyPair CreatePair(DateTime time)
    {
        var generator = new RsaKeyPairGenerator();
        generator.Init(new RsaKeyGenerationParameters(BigInteger.ValueOf(65537), new SecureRandom(), 2048, 20));
        return new PgpKeyPair(PublicKeyAlgorithmTag.RsaGeneral, generator.GenerateKeyPair(), time);
    }
}
