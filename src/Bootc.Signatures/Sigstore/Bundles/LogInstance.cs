// A log whose entries count: of signatures (Rekor), or of certificates.
using System.Security.Cryptography;
using Bootc.Signatures.Json;
using Bootc.Signatures.Keys;

namespace Bootc.Signatures.Sigstore.Bundles;

/// <summary>A <c>TransparencyLogInstance</c> of a trusted root.</summary>
internal sealed class LogInstance
{
    private static readonly string[] KeyDetails =
    [
        "PUBLIC_KEY_DETAILS_UNSPECIFIED", "PKCS1_RSA_PKCS1V5", "PKCS1_RSA_PSS", "PKIX_RSA_PKCS1V5", "PKIX_RSA_PSS", "PKIX_ECDSA_P256_SHA_256",
        "PKIX_ECDSA_P256_HMAC_SHA_256", "PKIX_ED25519", "PKIX_ED25519_PH", "PKIX_RSA_PKCS1V15_2048_SHA256", "PKIX_RSA_PKCS1V15_3072_SHA256",
        "PKIX_RSA_PKCS1V15_4096_SHA256", "PKIX_ECDSA_P384_SHA_384", "PKIX_ECDSA_P521_SHA_512",
    ];

    private readonly PublicKey? _key;
    private readonly string? _problem;

    /// <exception cref="JsonFormatException">It is malformed.</exception>
    public LogInstance(ProtoObject log)
    {
        BaseUrl = log.GetString("baseUrl");
        string hash = log.GetEnum("hashAlgorithm", HashAlgorithms.Names);
        _ = log.GetString("operator");
        Id = ReadId(log.GetMessage("logId"));
        CheckpointId = log.TryGetMessage("checkpointKeyId") is { } id ? ReadId(id) : Id;
        ProtoObject key = log.GetMessage("publicKey");
        log.End();
        byte[] bytes = key.RequireBytes("rawBytes");
        string details = key.GetEnum("keyDetails", KeyDetails);
        Validity = ValidityPeriod.Read(key.TryGetMessage("validFor"));
        key.End();
        (_key, _problem) = hash == "SHA2_256" ? ReadKey(bytes, details) : (null, $"its tree is of {hash}");
    }

    /// <summary>A log of which nothing but its key is known, as policies name them.</summary>
    public LogInstance(PublicKey key)
    {
        BaseUrl = "";
        Id = CheckpointId = SHA256.HashData(key.Der);
        Validity = ValidityPeriod.Always;
        _key = key;
    }

    /// <summary>Where the log is, which is also by whom its checkpoints say they are made.</summary>
    public string BaseUrl { get; }

    /// <summary>The log's name: the host and path of <see cref="BaseUrl"/>.</summary>
    public string Origin => BaseUrl.IndexOf("://", StringComparison.Ordinal) is >= 0 and var at ? BaseUrl[(at + 3)..].TrimEnd('/') : BaseUrl.TrimEnd('/');

    /// <summary>By what entries name the log.</summary>
    public byte[] Id { get; }

    /// <summary>By what signatures of checkpoints name the log's key: by the first four bytes of this.</summary>
    public byte[] CheckpointId { get; }

    /// <summary>When the log may have signed.</summary>
    public ValidityPeriod Validity { get; }

    /// <summary>Whether a signature is one of the log. ECDSA keys sign SHA-256 digests, whatever their size.</summary>
    /// <exception cref="InvalidSignatureException">The log's key is of no use.</exception>
    public bool Verifies(ReadOnlySpan<byte> message, byte[] signature) =>
        (_key ?? throw new InvalidSignatureException($"the key of the log {this} in the trusted root cannot be used: {_problem}")).Verifies(message, signature);

    /// <summary>Whether a key is the log's.</summary>
    public bool Has(PublicKey key) => _key is not null && _key.Der.AsSpan().SequenceEqual(key.Der);

    /// <summary>Checks that the log's key counted at a time.</summary>
    /// <exception cref="InvalidSignatureException">It did not.</exception>
    public void RequireValid(DateTimeOffset time)
    {
        if (!Validity.Contains(time))
        {
            throw new InvalidSignatureException($"the key of the log {this} did not count at {time:u} but {Validity}");
        }
    }

    /// <inheritdoc/>
    public override string ToString() => BaseUrl.Length > 0 ? Origin : $"with the key {Convert.ToHexStringLower(Id)[..16]}";

    private static byte[] ReadId(ProtoObject id)
    {
        byte[] bytes = id.RequireBytes("keyId");
        id.End();
        return bytes.Length >= Checkpoint.KeyHintSize ? bytes : throw new JsonFormatException($"'{id.PathOf("keyId")}' is too short");
    }

    // A key that is not understood is no reason to refuse what other logs say.
    private static (PublicKey? Key, string? Problem) ReadKey(byte[] bytes, string details)
    {
        string? family = details switch
        {
            "PKIX_ECDSA_P256_SHA_256" => "ECDSA P-256",
            "PKIX_ECDSA_P384_SHA_384" => "ECDSA P-384",
            "PKIX_ECDSA_P521_SHA_512" => "ECDSA P-521",
            "PKIX_ED25519" => "Ed25519",
            "PKCS1_RSA_PKCS1V5" or "PKIX_RSA_PKCS1V5" or "PKIX_RSA_PKCS1V15_2048_SHA256" or "PKIX_RSA_PKCS1V15_3072_SHA256" or "PKIX_RSA_PKCS1V15_4096_SHA256" => "RSA",
            _ => null,
        };
        if (family is null)
        {
            return (null, $"it is of the kind {details}");
        }

        try
        {
            PublicKey key = details.StartsWith("PKCS1", StringComparison.Ordinal) ? PublicKey.FromPkcs1(bytes) : PublicKey.FromDer(bytes);
            return key.Kind.StartsWith(family, StringComparison.Ordinal) ? (key, null) : (null, $"it is an {key.Kind} key, and said to be of the kind {details}");
        }
        catch (FormatException e)
        {
            return (null, e.Message);
        }
    }
}
