// A transaction shows all that was written, or nothing.
using Bootc.Linux;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;
using Bootc.Testing;
using Xunit;

namespace Bootc.Ostree.Tests;

public sealed class TransactionTests : IDisposable
{
    private readonly TestDirectory _directory = new();
    private readonly Repository _repository;

    public TransactionTests()
    {
        Directory.CreateDirectory(_directory["repo"]);
        _repository = Repository.Create(DirectoryHandle.Open(_directory["repo"]), RepositoryMode.Bare);
    }

    [Fact]
    public void Nothing_is_left_of_a_transaction_that_was_not_committed()
    {
        using (RepositoryTransaction transaction = _repository.BeginTransaction())
        {
            TreeCommit.Write(transaction, SampleTree.Make(_directory, plain: true), "main");
        }

        Assert.Empty(_repository.ListObjects());
        Assert.Empty(_repository.ListRefs());
        Assert.Equal(["cache"], Directory.GetFileSystemEntries(_directory["repo/tmp"]).Select(Path.GetFileName));
    }

    [Fact]
    public void A_few_trees_that_are_millions_of_entries_are_refused()
    {
        using RepositoryTransaction transaction = _repository.BeginTransaction();
        Checksum meta = transaction.WriteDirMeta(DirMeta.ForDirectory(0, 0, 0x1ED));
        Checksum tree = WriteDoubling(transaction, meta, levels: 22);

        OstreeException e = Assert.Throws<OstreeException>(() => transaction.RequireComplete(new Commit([], null, "", "", 1, tree, meta)));

        Assert.Contains("deeper or larger than that of any image", e.Message);
    }

    // The last directory of each counts as much as those before it.
    [Fact]
    public void Trees_that_grow_by_their_last_directory_are_refused()
    {
        using RepositoryTransaction transaction = _repository.BeginTransaction();
        Checksum meta = transaction.WriteDirMeta(DirMeta.ForDirectory(0, 0, 0x1ED));
        Checksum large = WriteDoubling(transaction, meta, levels: 20);
        Checksum tree = large;
        for (int level = 0; level < 3; level++)
        {
            tree = transaction.WriteDirTree(new DirTree([], [new("a", large, meta), new("b", tree, meta)]));
        }

        Assert.Throws<OstreeException>(() => transaction.RequireComplete(new Commit([], null, "", "", 1, tree, meta)));
    }

    [Fact]
    public void Objects_are_not_seen_before_they_are_committed()
    {
        using RepositoryTransaction transaction = _repository.BeginTransaction();
        Checksum file = transaction.WriteFile(FileHeader.ForFile(0, 0, 0x1A4), "content"u8).Checksum;

        Assert.True(transaction.HasObject(new(file, ObjectType.File)));
        Assert.False(_repository.HasObject(new(file, ObjectType.File)));
        transaction.Commit();
        Assert.True(_repository.HasObject(new(file, ObjectType.File)));
    }

    [Fact]
    public void Objects_can_be_published_for_refs_that_follow()
    {
        using RepositoryTransaction transaction = _repository.BeginTransaction();
        Checksum tree = transaction.WriteDirTree(new DirTree([new DirTreeFile("file", transaction.WriteFile(FileHeader.ForFile(0, 0, 0x1A4), "content"u8).Checksum)], []));
        Checksum meta = transaction.WriteDirMeta(DirMeta.ForDirectory(0, 0, 0x1ED));
        Checksum commit = transaction.WriteCommit(new Commit(new VariantDictionary(), null, "", "", 0, tree, meta));

        transaction.Publish();

        Assert.Empty(_repository.ListRefs());
        Assert.Equal(["cache"], Directory.GetFileSystemEntries(_directory["repo/tmp"]).Select(Path.GetFileName));
        _repository.SetRefs([new("main", commit)]);
        Assert.Empty(_repository.Fsck().Findings);
        using RepositoryTransaction withRef = _repository.BeginTransaction();
        withRef.SetRef("other", commit);
        Assert.Throws<InvalidOperationException>(() => withRef.Publish());
    }

    [Fact]
    public void What_a_killed_program_left_is_cleared_by_the_next_transaction()
    {
        string stale = _directory["repo/tmp/bootc-staging-AbCdEf"];
        Directory.CreateDirectory(stale + "/ab");
        File.WriteAllText(stale + "/ab/half", "an object half written");
        File.WriteAllText(stale + "-lock", "");

        _repository.BeginTransaction().Dispose();

        Assert.Equal(["cache"], Directory.GetFileSystemEntries(_directory["repo/tmp"]).Select(Path.GetFileName));
    }

    [Fact]
    public void What_a_running_program_writes_is_left_alone()
    {
        using RepositoryTransaction running = _repository.BeginTransaction();
        Checksum file = running.WriteFile(FileHeader.ForFile(0, 0, 0x1A4), "content"u8).Checksum;
        using Repository other = Repository.Open(_directory["repo"]);

        other.BeginTransaction().Dispose();
        running.Commit();

        Assert.True(other.HasObject(new(file, ObjectType.File)));
        Assert.Empty(other.Fsck().Findings);
    }

    [Fact]
    public async Task Two_writers_of_the_same_objects_both_end_well()
    {
        Peer.RequireRoot("files with owners");
        string tree = SampleTree.Make(_directory);
        using Repository other = Repository.Open(_directory["repo"]);

        Checksum[] commits = await Task.WhenAll(
            Task.Run(() => TreeCommit.Write(_repository, tree, "one", metadata: [])),
            Task.Run(() => TreeCommit.Write(other, tree, "two", metadata: [])));

        Assert.Equal(commits[0], commits[1]);
        Assert.Empty(_repository.Fsck().Findings);
        Assert.Equal(2, _repository.ListRefs().Count);
    }

    [Fact]
    public void A_full_disk_is_one_clear_error_and_the_refs_stay()
    {
        Peer.RequireRoot("a file system of its own");
        Peer.Require("mkfs.ext4", "mount");
        File.WriteAllBytes(_directory["disk"], new byte[8 << 20]);
        Peer.Run("mkfs.ext4", "-q", "-m", "0", _directory["disk"]).Succeeded();
        Directory.CreateDirectory(_directory["small"]);
        Peer.Run("mount", "-o", "loop", _directory["disk"], _directory["small"]).Succeeded();
        try
        {
            using Repository small = Repository.Create(DirectoryHandle.Open(_directory["small"]), RepositoryMode.Bare, [new("min-free-space-size", "0MB")]);
            string tree = SampleTree.Make(_directory, plain: true);
            Checksum before = TreeCommit.Write(small, tree, "main");
            byte[] noise = new byte[16 << 20];
            new Random(1).NextBytes(noise);
            File.WriteAllBytes(tree + "/too-large", noise);

            LinuxException e = Assert.Throws<LinuxException>(() => TreeCommit.Write(small, tree, "main"));

            Assert.Equal(Errno.ENOSPC, e.Error);
            Assert.Contains("No space left on device", e.Message);
            Assert.Equal(before, small.TryResolveRef("main"));
            Assert.Empty(small.Fsck().Findings);
            Assert.Equal(["cache"], Directory.GetFileSystemEntries(_directory["small/tmp"]).Select(Path.GetFileName));
        }
        finally
        {
            Peer.Run("umount", _directory["small"]).Succeeded();
        }
    }

    [Fact]
    public void Space_that_the_configuration_reserves_is_not_written_to()
    {
        File.AppendAllText(_directory["repo/config"], "min-free-space-percent=99\n");
        using Repository strict = Repository.Open(_directory["repo"]);
        using RepositoryTransaction transaction = strict.BeginTransaction();

        InsufficientSpaceException e = Assert.Throws<InsufficientSpaceException>(() => transaction.WriteFile(FileHeader.ForFile(0, 0, 0x1A4), new byte[1000]));

        Assert.Contains(_directory["repo"], e.Message);
    }

    [Fact]
    public void A_file_that_gives_less_or_more_than_it_said_is_refused()
    {
        using RepositoryTransaction transaction = _repository.BeginTransaction();
        FileHeader header = FileHeader.ForFile(0, 0, 0x1A4);

        Assert.Throws<EndOfStreamException>(() => transaction.WriteFile(header, 100_000, new MemoryStream(new byte[99_999])));
        using FileObjectWriter writer = transaction.BeginFile(header, 100_000);
        Assert.Throws<InvalidOperationException>(() => writer.Write(new byte[100_001]));
        transaction.Commit();

        Assert.Empty(_repository.ListObjects());
    }

    public void Dispose()
    {
        _repository.Dispose();
        _directory.Dispose();
    }

    // Each level has the one below it twice.
    private static Checksum WriteDoubling(RepositoryTransaction transaction, Checksum meta, int levels)
    {
        Checksum tree = transaction.WriteDirTree(new DirTree([], []));
        for (int level = 0; level < levels; level++)
        {
            tree = transaction.WriteDirTree(new DirTree([], [new("a", tree, meta), new("b", tree, meta)]));
        }

        return tree;
    }
}
