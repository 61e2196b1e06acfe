// Where the signatures of an ostree commit are: in its detached metadata, which is no part of what the commit's checksum is of.
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;

namespace Bootc.Signatures.Commits;

/// <summary>
/// The signatures in a commit's detached metadata, an <c>a{sv}</c>: for each kind there is a key, whose value, an <c>aay</c>, holds
/// one signature of the commit's serialized bytes after another (ostree(1), ostree-sign and ostree-gpg-sign).
/// </summary>
public static class CommitSignatures
{
    private const string ListType = "aay";
    private const int MaximumCount = 128;

    /// <summary>All kinds.</summary>
    public static IReadOnlyList<CommitSignatureKind> Kinds { get; } = [CommitSignatureKind.Ed25519, CommitSignatureKind.Spki, CommitSignatureKind.Gpg];

    /// <summary>The name of a kind, as options and settings have it.</summary>
    public static string NameOf(CommitSignatureKind kind) => kind switch
    {
        CommitSignatureKind.Ed25519 => "ed25519",
        CommitSignatureKind.Spki => "spki",
        _ => "gpg",
    };

    /// <summary>The key of the detached metadata that has the signatures of a kind.</summary>
    public static string KeyOf(CommitSignatureKind kind) => kind switch
    {
        CommitSignatureKind.Gpg => "ostree.gpgsigs",
        _ => $"ostree.sign.{NameOf(kind)}",
    };

    /// <summary>The signatures of a kind; none where there are none, or where the key has a value of another type, as libostree sees it.</summary>
    /// <exception cref="InvalidSignatureException">They are malformed, or too many.</exception>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Read(VariantDictionary? metadata, CommitSignatureKind kind)
    {
        if (metadata?.TryGet(KeyOf(kind)) is not { Type: ListType } list)
        {
            return [];
        }

        try
        {
            GVariantValue[] signatures = list.AsArray();
            return signatures.Length <= MaximumCount
                ? [.. signatures.Select(signature => signature.AsBytes())]
                : throw new InvalidSignatureException($"the commit has {signatures.Length} signatures in {KeyOf(kind)}, more than the {MaximumCount} that are looked at");
        }
        catch (GVariantException e)
        {
            throw new InvalidSignatureException($"the commit's {KeyOf(kind)} is malformed: {e.Message}", e);
        }
    }

    /// <summary>Adds a signature to those that are there; one that is there already is not added again.</summary>
    /// <exception cref="InvalidSignatureException">Those that are there are malformed, or too many.</exception>
    public static void Add(VariantDictionary metadata, CommitSignatureKind kind, ReadOnlyMemory<byte> signature)
    {
        IReadOnlyList<ReadOnlyMemory<byte>> present = Read(metadata, kind);
        if (present.Any(other => other.Span.SequenceEqual(signature.Span)))
        {
            return;
        }

        if (present.Count == MaximumCount)
        {
            throw new InvalidSignatureException($"the commit has {MaximumCount} signatures in {KeyOf(kind)} already, and more are not looked at");
        }

        metadata.Set(KeyOf(kind), GVariantValue.Array("ay", [.. present.Append(signature).Select(GVariantValue.FromBytes)]));
    }

    /// <summary>Adds to a commit's metadata the signatures that another copy of it has, so that none is lost on either side.</summary>
    /// <exception cref="InvalidSignatureException">They are malformed, or too many.</exception>
    public static void Merge(VariantDictionary metadata, VariantDictionary other)
    {
        foreach (CommitSignatureKind kind in Kinds)
        {
            foreach (ReadOnlyMemory<byte> signature in Read(other, kind))
            {
                Add(metadata, kind, signature);
            }
        }
    }

    /// <summary>The bytes of a commit that its signatures are of.</summary>
    /// <exception cref="OstreeException">The commit is not there, or is not the one of this name.</exception>
    public static byte[] LoadSigned(Repository repository, Checksum commit)
    {
        var name = new ObjectName(commit, ObjectType.Commit);
        byte[] bytes = repository.LoadMetadata(name);
        return Checksum.Compute(bytes) == commit ? bytes : throw new CorruptObjectException(name, "it has another checksum");
    }
}
