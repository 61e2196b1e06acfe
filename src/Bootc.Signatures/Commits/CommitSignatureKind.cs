// By what means ostree commits are signed.
namespace Bootc.Signatures.Commits;

/// <summary>The kinds of signatures that libostree keeps in the detached metadata of commits.</summary>
public enum CommitSignatureKind
{
    /// <summary><c>ed25519</c>: by bare Ed25519 keys in base64 (ostree-sign-ed25519).</summary>
    Ed25519,

    /// <summary><c>spki</c>: by keys in X.509's SubjectPublicKeyInfo, in PEM format (ostree-sign-spki).</summary>
    Spki,

    /// <summary><c>gpg</c>: by OpenPGP keys.</summary>
    Gpg,
}
