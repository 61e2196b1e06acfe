// A repository with one commit, which may be signed.
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;
using Bootc.Signatures.Commits;
using Bootc.Testing;

namespace Bootc.Signatures.Tests;

/// <summary>A commit of an empty directory, under the ref <c>main</c>.</summary>
internal sealed class TestCommit : IDisposable
{
    public TestCommit(TestDirectory directory, string name = "repo")
    {
        Path = directory[name];
        Directory.CreateDirectory(Path);
        Repository = Repository.Create(DirectoryHandle.Open(Path), RepositoryMode.Bare);
        using RepositoryTransaction transaction = Repository.BeginTransaction();
        Checksum tree = transaction.WriteDirTree(new DirTree([], []));
        Checksum meta = transaction.WriteDirMeta(DirMeta.ForDirectory(0, 0, 0x1ED));
        Checksum = transaction.WriteCommit(new Commit([], null, "a commit", "", 1, tree, meta));
        transaction.SetRef("main", Checksum);
        transaction.Commit();
    }

    public string Path { get; }

    public Repository Repository { get; private set; }

    public Checksum Checksum { get; }

    /// <summary>What signatures are of.</summary>
    public byte[] Bytes => CommitSignatures.LoadSigned(Repository, Checksum);

    /// <summary>Adds a signature that someone else made.</summary>
    public void Add(CommitSignatureKind kind, byte[] signature)
    {
        VariantDictionary metadata = Repository.LoadDetachedMetadata(Checksum) ?? [];
        CommitSignatures.Add(metadata, kind, signature);
        Repository.WriteDetachedMetadata(Checksum, metadata);
    }

    /// <summary>The signatures of a kind.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Signatures(CommitSignatureKind kind) => CommitSignatures.Read(Repository.LoadDetachedMetadata(Checksum), kind);

    /// <summary>Sets what a remote asks for.</summary>
    public void Configure(string remote, params (string Key, string Value)[] settings)
    {
        Repository.ChangeConfig(file =>
        {
            file.SetString($"remote \"{remote}\"", "url", "https://example.com/repo");
            foreach ((string key, string value) in settings)
            {
                file.SetString($"remote \"{remote}\"", key, value);
            }
        });
    }

    /// <summary>Opens the repository anew, where others have changed its settings.</summary>
    public void Reopen()
    {
        Repository.Dispose();
        Repository = Repository.Open(Path);
    }

    public void Dispose() => Repository.Dispose();
}
