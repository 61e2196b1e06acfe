// Signs ostree commits as `ostree sign` and `ostree gpg-sign` do.
using System.Text;
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;
using Bootc.Signatures.Keys;
using Bootc.Signatures.OpenPgp;
using Bootc.Signatures.Signing;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;

namespace Bootc.Signatures.Commits;

/// <summary>A private key that signs commits.</summary>
public sealed class CommitSigner
{
    private readonly Func<byte[], byte[]> _sign;

    private CommitSigner(CommitSignatureKind kind, string name, Func<byte[], byte[]> sign)
    {
        Kind = kind;
        Name = name;
        _sign = sign;
    }

    /// <summary>The kind of signatures that the key makes.</summary>
    public CommitSignatureKind Kind { get; }

    /// <summary>The key in a few words.</summary>
    public string Name { get; }

    /// <summary>Reads a key.</summary>
    /// <param name="kind">Of which kind it is.</param>
    /// <param name="content">
    /// For <c>ed25519</c> base64 of its 64 bytes, the seed and the public key; for <c>spki</c> PKCS #8 in PEM format, locked or not;
    /// for <c>gpg</c> a secret key as <c>gpg --export-secret-keys</c> writes it.
    /// </param>
    /// <param name="password">Asked for the password of a key that is locked.</param>
    /// <exception cref="SigningKeyException">It cannot be used.</exception>
    public static CommitSigner Load(CommitSignatureKind kind, byte[] content, Func<string> password)
    {
        switch (kind)
        {
            case CommitSignatureKind.Ed25519:
                Ed25519PrivateKeyParameters ed25519 = ReadEd25519(content);
                return new CommitSigner(kind, BareCommitKeys.Describe(PublicKey.Of(ed25519.GeneratePublicKey())), message => Sign(ed25519, message));
            case CommitSignatureKind.Spki:
                SigningKey key = SigningKey.FromPem(content, password);
                return new CommitSigner(kind, BareCommitKeys.Describe(key.PublicKey), message => key.Sign(message));
            default:
                SecretKeyRing ring = SecretKeyRing.Load(content, password);
                return new CommitSigner(kind, $"the OpenPGP key {ring.Fingerprint}", ring.SignDetached);
        }
    }

    /// <summary>Adds a signature to those of a commit.</summary>
    /// <exception cref="OstreeException">The commit is not there, or damaged.</exception>
    /// <exception cref="InvalidSignatureException">The signatures that it has are malformed.</exception>
    public void Sign(Repository repository, Checksum commit)
    {
        byte[] signature = _sign(CommitSignatures.LoadSigned(repository, commit));
        VariantDictionary metadata = repository.LoadDetachedMetadata(commit) ?? [];
        CommitSignatures.Add(metadata, Kind, signature);
        repository.WriteDetachedMetadata(commit, metadata);
    }

    private static byte[] Sign(Ed25519PrivateKeyParameters key, byte[] message)
    {
        var signer = new Ed25519Signer();
        signer.Init(forSigning: true, key);
        signer.BlockUpdate(message, 0, message.Length);
        return signer.GenerateSignature();
    }

    private static Ed25519PrivateKeyParameters ReadEd25519(byte[] content)
    {
        const int Seed = 32;
        byte[] key = new byte[content.Length];
        string text = Encoding.Latin1.GetString(content).Trim();
        if (!Convert.TryFromBase64String(text, key, out int length) || length != 2 * Seed)
        {
            throw new SigningKeyException("the key cannot be used: it is not base64 of the 64 bytes of an Ed25519 key, the seed and the public key");
        }

        var read = new Ed25519PrivateKeyParameters(key, 0);
        return read.GeneratePublicKey().GetEncoded().AsSpan().SequenceEqual(key.AsSpan(Seed, Seed))
            ? read
            : throw new SigningKeyException("the key cannot be used: its second half is not the public key of its first");
    }
}
