// Keys whose signatures on commits count.
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;
using Bootc.Signatures.Policy;

namespace Bootc.Signatures.Commits;

/// <summary>Keys of one kind, of which any may have signed a commit.</summary>
public abstract class CommitKeys
{
    /// <summary>The kind of signatures that they make.</summary>
    public abstract CommitSignatureKind Kind { get; }

    /// <summary>Keys in a file.</summary>
    /// <param name="kind">Of which kind they are.</param>
    /// <param name="path">The file: for <c>ed25519</c> a line of base64 for each key, for <c>spki</c> blocks in PEM format, for <c>gpg</c> a keyring, binary or armored.</param>
    /// <param name="clock">What time it is, for keys that expire.</param>
    /// <exception cref="TrustRootException">It cannot be read, or holds no key.</exception>
    public static CommitKeys FromFile(CommitSignatureKind kind, string path, TimeProvider? clock = null) =>
        kind == CommitSignatureKind.Gpg ? GpgCommitKeys.FromFiles([path], clock) : BareCommitKeys.FromFile(kind, path);

    /// <summary>The keys that a host trusts whatever the remote, below <c>/etc/ostree</c> and <c>/usr/share/ostree</c>.</summary>
    /// <param name="kind">Of which kind they are.</param>
    /// <param name="root">The root of the host's file system.</param>
    /// <param name="clock">What time it is, for keys that expire.</param>
    /// <exception cref="TrustRootException">A file cannot be read, or there is no key.</exception>
    public static CommitKeys OfHost(CommitSignatureKind kind, string root, TimeProvider? clock = null) =>
        kind == CommitSignatureKind.Gpg ? GpgCommitKeys.OfHost(root, clock) : BareCommitKeys.OfHost(kind, root);

    /// <summary>Checks that one of the keys has signed a commit of a repository.</summary>
    /// <exception cref="InvalidSignatureException">None has.</exception>
    /// <exception cref="OstreeException">The commit is not there, or damaged.</exception>
    public SignatureEvidence Verify(Repository repository, Checksum commit) => Verify(CommitSignatures.LoadSigned(repository, commit), repository.LoadDetachedMetadata(commit));

    /// <summary>Checks that one of the keys has signed a commit.</summary>
    /// <param name="commit">The commit's serialized bytes.</param>
    /// <param name="metadata">Its detached metadata, if it has any.</param>
    /// <exception cref="InvalidSignatureException">None has.</exception>
    public SignatureEvidence Verify(ReadOnlyMemory<byte> commit, VariantDictionary? metadata)
    {
        string place = CommitSignatures.KeyOf(Kind);
        var reasons = new List<string>();
        foreach (ReadOnlyMemory<byte> signature in CommitSignatures.Read(metadata, Kind))
        {
            try
            {
                return new SignatureEvidence(VerifyOne(commit, signature), null, null, place);
            }
            catch (InvalidSignatureException e)
            {
                reasons.Add(e.Message);
            }
        }

        throw new InvalidSignatureException(reasons.Count > 0 ? $"{place}: {string.Join("; ", reasons.Distinct())}" : $"the commit has no signature in {place}");
    }

    /// <summary>Checks one signature.</summary>
    /// <returns>Whose it is.</returns>
    /// <exception cref="InvalidSignatureException">It is of none of the keys.</exception>
    private protected abstract string VerifyOne(ReadOnlyMemory<byte> commit, ReadOnlyMemory<byte> signature);
}
