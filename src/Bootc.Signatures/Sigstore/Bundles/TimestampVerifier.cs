// When a signature was made, by an authority for time stamps (RFC 3161).
using System.Security.Cryptography;
using Bootc.Signatures.Keys;
using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.Nist;
using Org.BouncyCastle.Cms;
using Org.BouncyCastle.Tsp;
using Org.BouncyCastle.X509;

namespace Bootc.Signatures.Sigstore.Bundles;

/// <summary>Checks time stamps by the authorities of a trusted root.</summary>
internal sealed class TimestampVerifier(IReadOnlyList<CertificateAuthority> authorities)
{
    private static readonly Dictionary<string, HashAlgorithmName> Algorithms = new()
    {
        [NistObjectIdentifiers.IdSha256.Id] = HashAlgorithmName.SHA256,
        [NistObjectIdentifiers.IdSha384.Id] = HashAlgorithmName.SHA384,
        [NistObjectIdentifiers.IdSha512.Id] = HashAlgorithmName.SHA512,
    };

    /// <summary>Checks a time stamp of a signature.</summary>
    /// <param name="response">The authority's answer, a TimeStampResp.</param>
    /// <param name="signature">The signature.</param>
    /// <returns>The time.</returns>
    /// <exception cref="InvalidSignatureException">It is none of a trusted authority, or of something else.</exception>
    public DateTimeOffset Verify(byte[] response, byte[] signature)
    {
        try
        {
            _ = Asn1Object.FromByteArray(response); // nothing follows
            TimeStampToken token = new TimeStampResponse(response).TimeStampToken ?? throw new InvalidSignatureException("the authority has refused to give a timestamp");
            return Verify(token, signature);
        }
        catch (Exception e) when (e is not (InvalidSignatureException or OutOfMemoryException))
        {
            throw new InvalidSignatureException($"the timestamp is malformed, or not signed by its authority: {e.Message}", e);
        }
    }

    private DateTimeOffset Verify(TimeStampToken token, byte[] signature)
    {
        TimeStampTokenInfo info = token.TimeStampInfo;
        if (!Algorithms.TryGetValue(info.MessageImprintAlgOid, out HashAlgorithmName algorithm) || !Algorithms.ContainsKey(SignerOf(token).DigestAlgorithmID.Algorithm.Id))
        {
            throw new InvalidSignatureException("the timestamp is made over a digest of an algorithm that does not count");
        }

        if (!info.GetMessageImprintDigest().AsSpan().SequenceEqual(CryptographicOperations.HashData(algorithm, signature)))
        {
            throw new InvalidSignatureException("the timestamp is one of another signature");
        }

        var time = new DateTimeOffset(DateTime.SpecifyKind(info.GenTime, DateTimeKind.Utc));
        string failure = $"the trusted root has no authority for timestamps that counted at {time:u}";
        foreach (CertificateAuthority authority in authorities.Where(authority => authority.Validity.Contains(time)))
        {
            try
            {
                Verify(token, time, authority);
                return time;
            }
            catch (InvalidSignatureException e)
            {
                failure = e.Message;
            }
        }

        throw new InvalidSignatureException($"the timestamp is not one of a trusted authority: {failure}");
    }

    private static void Verify(TimeStampToken token, DateTimeOffset time, CertificateAuthority authority)
    {
        List<X509Certificate> embedded = [.. token.GetCertificates().EnumerateMatches(null)];
        X509Certificate signer = authority.Chain.Concat(embedded).FirstOrDefault(token.SignerID.Match)
            ?? throw new InvalidSignatureException($"the certificate of its signer is neither in the timestamp nor that of {authority}");
        if (authority.Chain[0].GetBasicConstraints() < 0 && !authority.Chain[0].Equals(signer))
        {
            throw new InvalidSignatureException($"its signer is another one than that of {authority}");
        }

        authority.MakeChain(embedded).RequireTimeStamping(signer, time);
        try
        {
            token.Validate(signer); // the signature, which certificate it is bound to, and that this is for timestamps alone
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new InvalidSignatureException($"it is not signed by {authority}: {e.Message}", e);
        }
    }

    private static SignerInformation SignerOf(TimeStampToken token) => token.ToCmsSignedData().GetSignerInfos().GetSigners().Single();
}
