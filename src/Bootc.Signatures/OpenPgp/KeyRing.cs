// Messages signed with OpenPGP, and whose signatures on them count (RFC 9580).
using Bootc.Signatures.Policy;
using Org.BouncyCastle.Bcpg;
using Org.BouncyCastle.Bcpg.OpenPgp;
using Org.BouncyCastle.Bcpg.Sig;

namespace Bootc.Signatures.OpenPgp;

/// <summary>The public keys of one or more keyrings, all of which are trusted.</summary>
internal sealed class KeyRing
{
    private const int MaximumContent = 4 * 1024 * 1024;
    private static readonly HashAlgorithmTag[] SoundHashes = [HashAlgorithmTag.Sha256, HashAlgorithmTag.Sha384, HashAlgorithmTag.Sha512];
    private readonly List<PgpPublicKeyRing> _rings = [];

    /// <summary>Reads keyrings, binary or armored.</summary>
    /// <exception cref="TrustRootException">A keyring is malformed, or there is no key at all.</exception>
    public static KeyRing Load(KeySource source)
    {
        var ring = new KeyRing();
        foreach ((string name, byte[] content) in source.Load())
        {
            try
            {
                using Stream decoded = PgpUtilities.GetDecoderStream(new MemoryStream(content));
                ring._rings.AddRange(new PgpPublicKeyRingBundle(decoded).GetKeyRings());
            }
            catch (Exception e) when (IsMalformed(e))
            {
                throw new TrustRootException($"{name} is no OpenPGP keyring: {e.Message}", e);
            }
        }

        return ring._rings.Count > 0 ? ring : throw new TrustRootException($"there is no OpenPGP key in {source}");
    }

    /// <summary>Checks a signed message.</summary>
    /// <returns>What was signed, and the fingerprint of the primary key that it was signed with, or for.</returns>
    /// <exception cref="InvalidSignatureException">It is no signed message, or not one by a key of this ring that is good now.</exception>
    public (byte[] Content, string Fingerprint) Verify(ReadOnlyMemory<byte> message, DateTimeOffset now)
    {
        try
        {
            (PgpOnePassSignature announced, byte[] content, PgpSignature signature) = Read(message);
            if (signature.KeyId != announced.KeyId || signature.HashAlgorithm != announced.HashAlgorithm)
            {
                throw new InvalidSignatureException("it is signed in another way than it announces");
            }

            return (content, Verify(signature, content, now));
        }
        catch (Exception e) when (IsMalformed(e))
        {
            throw new InvalidSignatureException($"it is no message signed with OpenPGP: {e.Message}", e);
        }
    }

    /// <summary>Checks a signature that stands apart from what it is of.</summary>
    /// <param name="content">What was signed.</param>
    /// <param name="signature">One signature, binary or armored.</param>
    /// <param name="now">What time it is.</param>
    /// <returns>The fingerprint of the primary key that it was made with, or for.</returns>
    /// <exception cref="InvalidSignatureException">It is no signature, or not one of this by a key of this ring that is good now.</exception>
    public string VerifyDetached(ReadOnlySpan<byte> content, ReadOnlyMemory<byte> signature, DateTimeOffset now)
    {
        try
        {
            using Stream decoded = PgpUtilities.GetDecoderStream(new MemoryStream(signature.ToArray()));
            var packets = new PgpObjectFactory(decoded);
            return packets.NextPgpObject() is PgpSignatureList { Count: 1 } list && packets.NextPgpObject() is null
                ? Verify(list[0], content, now)
                : throw new InvalidSignatureException("it is not one OpenPGP signature");
        }
        catch (Exception e) when (IsMalformed(e))
        {
            throw new InvalidSignatureException($"it is no OpenPGP signature: {e.Message}", e);
        }
    }

    private string Verify(PgpSignature signature, ReadOnlySpan<byte> content, DateTimeOffset now)
    {
        (PgpPublicKey primary, PgpPublicKey key) = Find(signature.KeyId);
        string fingerprint = Convert.ToHexString(primary.GetFingerprint());
        CheckKeys(primary, key, fingerprint, now);
        CheckSignature(signature, now);
        signature.InitVerify(key);
        signature.Update(content);
        return signature.Verify() ? fingerprint : throw new InvalidSignatureException($"the signature by the key {fingerprint} is wrong: something else was signed");
    }

    // What the library says of hostile input has many names.
    private static bool IsMalformed(Exception e) => e is not (InvalidSignatureException or TrustRootException or OutOfMemoryException);

    // One signature around one literal packet, all of it perhaps compressed.
    private static (PgpOnePassSignature Announced, byte[] Content, PgpSignature Signature) Read(ReadOnlyMemory<byte> message)
    {
        var packets = new PgpObjectFactory(new MemoryStream(message.ToArray()));
        PgpObject? first = packets.NextPgpObject();
        if (first is PgpCompressedData compressed)
        {
            packets = new PgpObjectFactory(compressed.GetDataStream());
            first = packets.NextPgpObject();
        }

        if (first is not PgpOnePassSignatureList { Count: 1 } announced || packets.NextPgpObject() is not PgpLiteralData literal)
        {
            throw new InvalidSignatureException("it is no message with one OpenPGP signature");
        }

        byte[] content = ReadBounded(literal.GetInputStream());
        return packets.NextPgpObject() is PgpSignatureList { Count: 1 } signatures && packets.NextPgpObject() is null
            ? (announced[0], content, signatures[0])
            : throw new InvalidSignatureException("it is no message with one OpenPGP signature");
    }

    private static byte[] ReadBounded(Stream stream)
    {
        using var buffer = new MemoryStream();
        byte[] block = new byte[16 * 1024];
        for (int count; (count = stream.Read(block, 0, block.Length)) > 0;)
        {
            buffer.Write(block, 0, count);
            if (buffer.Length > MaximumContent)
            {
                throw new InvalidSignatureException($"the signed message has more than {MaximumContent} bytes");
            }
        }

        return buffer.ToArray();
    }

    private (PgpPublicKey Primary, PgpPublicKey Key) Find(long id)
    {
        foreach (PgpPublicKeyRing ring in _rings)
        {
            if (ring.GetPublicKey(id) is { } key)
            {
                return (ring.GetPublicKey(), key);
            }
        }

        throw new InvalidSignatureException($"it is signed by the key {id:X16}, which is not in the keyring");
    }

    private static void CheckKeys(PgpPublicKey primary, PgpPublicKey key, string fingerprint, DateTimeOffset now)
    {
        if (primary.GetSignatures().Any(signature => signature.SignatureType == PgpSignature.KeyRevocation && signature.KeyId == primary.KeyId))
        {
            throw new InvalidSignatureException($"the key {fingerprint} is revoked");
        }

        IReadOnlyList<PgpSignature> self = [.. SelfCertifications(primary)];
        CheckExpiry(primary, self, fingerprint, now);
        if (key.KeyId == primary.KeyId)
        {
            CheckFlags(self, fingerprint);
            return;
        }

        string subkey = $"{Convert.ToHexString(key.GetFingerprint())} of {fingerprint}";
        if (key.GetSignatures().Any(signature => signature.SignatureType == PgpSignature.SubkeyRevocation && signature.KeyId == primary.KeyId))
        {
            throw new InvalidSignatureException($"the key {subkey} is revoked");
        }

        IReadOnlyList<PgpSignature> bindings = [.. key.GetSignatures().Where(binding => IsBinding(binding, primary, key))];
        if (bindings.Count == 0)
        {
            throw new InvalidSignatureException($"the key {subkey} is not bound to that key for signing");
        }

        CheckExpiry(key, bindings, subkey, now);
        CheckFlags(bindings, subkey);
    }

    // Each of the two keys has to sign for the other, or someone's subkey could be taken over.
    private static bool IsBinding(PgpSignature binding, PgpPublicKey primary, PgpPublicKey key)
    {
        if (binding.SignatureType != PgpSignature.SubkeyBinding || binding.KeyId != primary.KeyId || !Verifies(binding, primary, () => binding.VerifyCertification(primary, key)))
        {
            return false;
        }

        PgpSignatureList? embedded = binding.GetHashedSubPackets()?.GetEmbeddedSignatures() is { Count: > 0 } hashed ? hashed : binding.GetUnhashedSubPackets()?.GetEmbeddedSignatures();
        for (int i = 0; i < (embedded?.Count ?? 0); i++)
        {
            PgpSignature back = embedded![i];
            if (back.SignatureType == PgpSignature.PrimaryKeyBinding && Verifies(back, key, () => back.VerifyCertification(primary, key)))
            {
                return true;
            }
        }

        return false;
    }

    private static IEnumerable<PgpSignature> SelfCertifications(PgpPublicKey primary)
    {
        foreach (string user in primary.GetUserIds())
        {
            foreach (PgpSignature signature in primary.GetSignaturesForId(user) ?? [])
            {
                if (signature.IsCertification() && signature.KeyId == primary.KeyId && Verifies(signature, primary, () => signature.VerifyCertification(user, primary)))
                {
                    yield return signature;
                }
            }
        }

        foreach (PgpSignature signature in primary.GetSignatures())
        {
            if (signature.SignatureType == PgpSignature.DirectKey && signature.KeyId == primary.KeyId && Verifies(signature, primary, () => signature.VerifyCertification(primary)))
            {
                yield return signature;
            }
        }
    }

    private static bool Verifies(PgpSignature signature, PgpPublicKey by, Func<bool> verify)
    {
        signature.InitVerify(by);
        return verify();
    }

    // The newest word of the owner counts.
    private static void CheckExpiry(PgpPublicKey key, IReadOnlyList<PgpSignature> statements, string name, DateTimeOffset now)
    {
        long lifetime = statements.MaxBy(statement => statement.CreationTime)?.GetHashedSubPackets()?.GetKeyExpirationTime() ?? 0;
        DateTime created = key.CreationTime.ToUniversalTime();
        if (lifetime > 0 && created.AddSeconds(lifetime) is { } end && end < now.UtcDateTime)
        {
            throw new InvalidSignatureException($"the key {name} has expired at {end:u}");
        }

        if (created > now.UtcDateTime)
        {
            throw new InvalidSignatureException($"the key {name} is from the future ({created:u})");
        }
    }

    private static void CheckFlags(IReadOnlyList<PgpSignature> statements, string name)
    {
        if (statements.MaxBy(statement => statement.CreationTime)?.GetHashedSubPackets() is { } packets && packets.HasSubpacket(SignatureSubpacketTag.KeyFlags) && (packets.GetKeyFlags() & KeyFlags.SignData) == 0)
        {
            throw new InvalidSignatureException($"the key {name} is not for signing");
        }
    }

    private static void CheckSignature(PgpSignature signature, DateTimeOffset now)
    {
        if (signature.SignatureType != PgpSignature.BinaryDocument)
        {
            throw new InvalidSignatureException("it is a signature of another kind than of a document");
        }

        if (!SoundHashes.Contains(signature.HashAlgorithm))
        {
            throw new InvalidSignatureException($"it is signed by way of {signature.HashAlgorithm}, which does not count");
        }

        DateTime created = signature.CreationTime.ToUniversalTime();
        long lifetime = signature.GetHashedSubPackets()?.GetSignatureExpirationTime() ?? 0;
        if (lifetime > 0 && created.AddSeconds(lifetime) is { } end && end < now.UtcDateTime)
        {
            throw new InvalidSignatureException($"the signature has expired at {end:u}");
        }
    }
}
