// An OpenPGP key that signs (RFC 9580).
using Bootc.Signatures.Signing;
using Org.BouncyCastle.Bcpg;
using Org.BouncyCastle.Bcpg.OpenPgp;
using Org.BouncyCastle.Bcpg.Sig;

namespace Bootc.Signatures.OpenPgp;

/// <summary>A secret key as <c>gpg --export-secret-keys</c> writes it, binary or armored.</summary>
internal sealed class SecretKeyRing
{
    private readonly PgpSecretKey _key;
    private readonly PgpPrivateKey _private;

    private SecretKeyRing(PgpSecretKeyRing ring, Func<string> password)
    {
        // A subkey for signing is there to be used instead of the primary key, and of several the newest counts: as GnuPG has it.
        _key = ring.GetSecretKeys().Where(key => !key.IsMasterKey && MaySign(key)).MaxBy(key => key.PublicKey.CreationTime)
            ?? (MaySign(ring.GetSecretKey()) ? ring.GetSecretKey() : throw new SigningKeyException("the key cannot be used: neither it nor a subkey of it is for signing"));
        _private = _key.ExtractPrivateKeyUtf8(_key.KeyEncryptionAlgorithm == SymmetricKeyAlgorithmTag.Null ? [] : password().ToCharArray());
        Fingerprint = Convert.ToHexString(ring.GetPublicKey().GetFingerprint());
    }

    /// <summary>The fingerprint of the primary key.</summary>
    public string Fingerprint { get; }

    /// <summary>Reads a key.</summary>
    /// <param name="content">The key.</param>
    /// <param name="password">Asked for the password of a key that is locked.</param>
    /// <exception cref="SigningKeyException">It cannot be used.</exception>
    public static SecretKeyRing Load(byte[] content, Func<string> password)
    {
        try
        {
            using Stream decoded = PgpUtilities.GetDecoderStream(new MemoryStream(content));
            PgpSecretKeyRing[] rings = [.. new PgpSecretKeyRingBundle(decoded).GetKeyRings()];
            return rings.Length == 1 ? new SecretKeyRing(rings[0], password) : throw new SigningKeyException($"the key cannot be used: the file holds {rings.Length} OpenPGP keys, and which one is meant is not clear");
        }
        catch (Exception e) when (e is not (SigningKeyException or OutOfMemoryException))
        {
            throw new SigningKeyException($"the key cannot be used: {e.Message}", e);
        }
    }

    /// <summary>Makes a signature that stands apart from what it is of.</summary>
    public byte[] SignDetached(byte[] content)
    {
        var generator = new PgpSignatureGenerator(_key.PublicKey.Algorithm, HashAlgorithmTag.Sha512);
        generator.InitSign(PgpSignature.BinaryDocument, _private);
        generator.Update(content);
        using var buffer = new MemoryStream();
        generator.Generate().Encode(buffer);
        return buffer.ToArray();
    }

    private static bool MaySign(PgpSecretKey key)
    {
        if (!key.IsSigningKey || key.IsPrivateKeyEmpty || key.PublicKey.HasRevocation())
        {
            return false;
        }

        PgpSignatureSubpacketVector? packets = key.PublicKey.GetSignatures().Where(signature => signature.GetHashedSubPackets()?.HasSubpacket(SignatureSubpacketTag.KeyFlags) == true)
            .MaxBy(signature => signature.CreationTime)?.GetHashedSubPackets();
        return packets is null || (packets.GetKeyFlags() & KeyFlags.SignData) != 0;
    }
}
