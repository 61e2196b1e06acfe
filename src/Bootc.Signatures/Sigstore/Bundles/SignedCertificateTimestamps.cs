// That a certificate was logged when it was given (RFC 6962, section 3).
using System.Buffers.Binary;
using System.Security.Cryptography;
using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.X509;

namespace Bootc.Signatures.Sigstore.Bundles;

/// <summary>The promises of logs of certificates that are embedded in a certificate.</summary>
internal static class SignedCertificateTimestamps
{
    private const byte Version1 = 0;
    private const byte CertificateTimestamp = 0;
    private const byte PrecertificateEntry = 1;
    private const int LogIdSize = 32;
    private const int MaximumCount = 32;
    private const int RsaWithSha256 = 0x0401; // RFC 5246, section 7.4.1.4.1
    private const int EcdsaWithSha256 = 0x0403;
    private static readonly DerObjectIdentifier Extension = new("1.3.6.1.4.1.11129.2.4.2");

    private readonly ref struct Timestamp(ReadOnlySpan<byte> signed, ReadOnlySpan<byte> extensions, int algorithms, byte[] signature)
    {
        /// <summary>Version, log and time: 41 bytes.</summary>
        public ReadOnlySpan<byte> Head { get; } = signed;

        public ReadOnlySpan<byte> Extensions { get; } = extensions;

        public int Algorithms { get; } = algorithms;

        public byte[] Signature { get; } = signature;

        public ReadOnlySpan<byte> LogId => Head.Slice(1, LogIdSize);

        public DateTimeOffset Time => DateTimeOffset.FromUnixTimeMilliseconds((long)BinaryPrimitives.ReadUInt64BigEndian(Head[(1 + LogIdSize)..]));
    }

    /// <summary>Checks that one of the logs has promised to log a certificate.</summary>
    /// <exception cref="InvalidSignatureException">None has.</exception>
    public static void Require(X509Certificate certificate, X509Certificate issuer, IReadOnlyList<LogInstance> logs)
    {
        byte[] extension = certificate.GetExtensionValue(Extension)?.GetOctets() ?? throw new InvalidSignatureException("the signer's certificate has no timestamp of a log of certificates (SCT)");
        try
        {
            byte[] entry = MakeEntry(certificate, issuer);
            string failure = "it is empty";
            ReadOnlySpan<byte> list = ReadVector(Asn1OctetString.GetInstance(Asn1Object.FromByteArray(extension)).GetOctets(), out ReadOnlySpan<byte> rest);
            for (int i = 0; rest.IsEmpty && !list.IsEmpty && i < MaximumCount; i++)
            {
                Timestamp timestamp = Read(ReadVector(list, out list));
                if (Refuse(timestamp, entry, logs) is not { } reason)
                {
                    return;
                }

                failure = reason;
            }

            throw new InvalidSignatureException($"the signer's certificate has no timestamp of a trusted log of certificates (SCT): {failure}");
        }
        catch (Exception e) when (e is not (InvalidSignatureException or OutOfMemoryException))
        {
            throw new InvalidSignatureException($"the timestamps of logs in the signer's certificate (SCT) are malformed: {e.Message}", e);
        }
    }

    private static string? Refuse(Timestamp timestamp, ReadOnlySpan<byte> entry, IReadOnlyList<LogInstance> logs)
    {
        byte[] id = timestamp.LogId.ToArray();
        if (logs.FirstOrDefault(log => log.Id.AsSpan().SequenceEqual(id)) is not { } log)
        {
            return $"the trusted root does not have the log {Convert.ToHexStringLower(id)}";
        }

        if (timestamp.Head[0] != Version1 || timestamp.Algorithms is not (RsaWithSha256 or EcdsaWithSha256))
        {
            return $"that of {log} is of an unknown version or algorithm";
        }

        if (!log.Validity.Contains(timestamp.Time))
        {
            return $"the key of the log {log} did not count at {timestamp.Time:u} but {log.Validity}";
        }

        byte[] length = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)timestamp.Extensions.Length);
        byte[] message = [Version1, CertificateTimestamp, .. timestamp.Head[(1 + LogIdSize)..], 0, PrecertificateEntry, .. entry, .. length, .. timestamp.Extensions];
        return log.Verifies(message, timestamp.Signature) ? null : $"that of {log} is not signed by the log";
    }

    // The hash of the issuer's key, and the certificate as it was before the timestamps came in.
    private static byte[] MakeEntry(X509Certificate certificate, X509Certificate issuer)
    {
        var fields = Asn1Sequence.GetInstance(Asn1Object.FromByteArray(certificate.GetTbsCertificate()));
        var kept = new Asn1EncodableVector();
        foreach (Asn1Encodable field in fields)
        {
            kept.Add(field is Asn1TaggedObject { TagNo: 3 } tagged ? new DerTaggedObject(true, 3, WithoutTimestamps(Asn1Sequence.GetInstance(tagged.GetExplicitBaseObject()))) : field);
        }

        byte[] tbs = new DerSequence(kept).GetDerEncoded();
        byte[] key = SubjectPublicKeyInfoFactory.CreateSubjectPublicKeyInfo(issuer.GetPublicKey()).GetDerEncoded();
        return [.. SHA256.HashData(key), (byte)(tbs.Length >> 16), (byte)(tbs.Length >> 8), (byte)tbs.Length, .. tbs];
    }

    private static DerSequence WithoutTimestamps(Asn1Sequence extensions)
    {
        var kept = new Asn1EncodableVector();
        foreach (Asn1Encodable extension in extensions)
        {
            if (!Extension.Equals(Asn1Sequence.GetInstance(extension)[0]))
            {
                kept.Add(extension);
            }
        }

        return new DerSequence(kept);
    }

    private static Timestamp Read(ReadOnlySpan<byte> bytes)
    {
        int head = 1 + LogIdSize + sizeof(ulong);
        ReadOnlySpan<byte> extensions = ReadVector(bytes[head..], out ReadOnlySpan<byte> rest);
        int algorithms = BinaryPrimitives.ReadUInt16BigEndian(rest);
        ReadOnlySpan<byte> signature = ReadVector(rest[2..], out rest);
        return rest.IsEmpty ? new Timestamp(bytes[..head], extensions, algorithms, signature.ToArray()) : throw new FormatException("something follows a signature");
    }

    private static ReadOnlySpan<byte> ReadVector(ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> rest)
    {
        int length = BinaryPrimitives.ReadUInt16BigEndian(bytes);
        rest = bytes[(2 + length)..];
        return bytes.Slice(2, length);
    }
}
