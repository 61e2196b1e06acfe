// The layers of an encapsulated image on their way into a repository.
using Bootc.Oci.Layers;
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;
using Bootc.Signatures;
using Bootc.Signatures.Commits;

namespace Bootc.Import;

/// <summary>
/// Writes layers that hold a part of an ostree commit. A layer of objects is kept as a commit whose files are named by their
/// own checksums; the layer with the commit itself counts only when all others are there and nothing is missing.
/// </summary>
/// <param name="repository">The repository.</param>
/// <param name="expected">The checksum that the commit must have, if it is known.</param>
/// <param name="admit">Asked whether the commit may be used.</param>
/// <param name="facts">What is learned of the files.</param>
internal sealed class OstreeLayers(Repository repository, Checksum? expected, CommitAdmission? admit, LayerFacts facts) : IDisposable
{
    private const uint DefaultDirectoryMode = 0x1ED; // 0755

    private RepositoryTransaction? _transaction;
    private OstreeLayerImporter? _base;
    private LayerState? _layer;

    /// <summary>Writes a layer; what has the commit waits for <see cref="Complete"/>.</summary>
    /// <returns>The layer's commit.</returns>
    /// <exception cref="ImportException">It is malformed or hostile.</exception>
    public Checksum Write(LayerState layer, Stream blob, CancellationToken cancellation)
    {
        string what = layer.Name;
        using Stream tar = LayerStream.OpenTar(blob, layer.DiffId, what, cancellation);
        RepositoryTransaction transaction = repository.BeginTransaction();
        try
        {
            var importer = new OstreeLayerImporter(transaction, what, cancellation);
            importer.Import(tar, layer.Kind);
            if (layer.Kind == LayerKind.OstreeCommit)
            {
                OstreeLayout.RequireCommit(expected, importer.Commit!.Value.Checksum, what);
                (_base, _layer, _transaction) = (importer, layer, transaction);
                return importer.Commit.Value.Checksum;
            }

            Checksum commit = WriteObjectSet(transaction, importer.Files);
            transaction.SetRef(layer.Ref, commit);
            transaction.Commit();
            facts.Write(repository, commit, importer.Facts);
            return commit;
        }
        finally
        {
            if (transaction != _transaction)
            {
                transaction.Dispose();
            }
        }
    }

    /// <summary>Checks that the commit has all that it needs, and makes it visible; nothing when it was there before.</summary>
    /// <exception cref="ImportException">It has not.</exception>
    public void Complete()
    {
        if (_base?.Commit is not { } found)
        {
            return;
        }

        RequireComplete(_transaction!, found.Checksum, found.Commit, _layer!.Name);
        admit?.Invoke(found.Checksum, _base.CommitBytes, _base.DetachedMetadata);
        WriteDetachedMetadata(repository, found.Checksum, _base.DetachedMetadata);
        _transaction!.SetRef(_layer.Ref, found.Checksum);
        _transaction.Commit();
        repository.MarkPartial(found.Checksum, false);
        facts.Write(repository, found.Checksum, _base.Facts);
    }

    /// <inheritdoc/>
    public void Dispose() => _transaction?.Dispose();

    /// <exception cref="ImportException">Something is missing.</exception>
    internal static void RequireComplete(RepositoryTransaction transaction, Checksum checksum, Commit commit, string what)
    {
        try
        {
            transaction.RequireComplete(commit);
        }
        catch (OstreeException e)
        {
            throw new ImportException($"{what} holds the ostree commit {checksum}, of which the image has not all: {e.Message}", e);
        }
    }

    /// <summary>Writes the detached metadata of a commit that is just coming: what a repository has stays, and signatures join those that it has.</summary>
    /// <exception cref="ImportException">Signatures are malformed.</exception>
    internal static void WriteDetachedMetadata(Repository repository, Checksum commit, VariantDictionary? metadata)
    {
        if (metadata is null)
        {
            return;
        }

        if (repository.LoadDetachedMetadata(commit) is not { } present)
        {
            repository.WriteDetachedMetadata(commit, metadata);
            return;
        }

        try
        {
            byte[] before = present.Serialize();
            CommitSignatures.Merge(present, metadata);
            if (!present.Serialize().AsSpan().SequenceEqual(before))
            {
                repository.WriteDetachedMetadata(commit, present);
            }
        }
        catch (InvalidSignatureException e)
        {
            throw new ImportException($"the signatures of the ostree commit {commit} cannot be put together with those that are there: {e.Message}", e);
        }
    }

    // As ostree-ext writes it: no time and no metadata, so that the same objects give the same commit.
    private static Checksum WriteObjectSet(RepositoryTransaction transaction, IEnumerable<Checksum> files)
    {
        Checksum meta = transaction.WriteDirMeta(DirMeta.ForDirectory(0, 0, DefaultDirectoryMode));
        Checksum tree = transaction.WriteDirTree(new DirTree(files.Select(file => new DirTreeFile(file.ToString(), file)), []));
        return transaction.WriteCommit(new Commit([], null, "", "", 0, tree, meta));
    }
}
