// What libostree commits and what we commit is the same, and each reads the other's repository.
using Bootc.Composefs.FsVerity;
using Bootc.Linux;
using Bootc.Ostree.Objects;
using Bootc.Testing;
using Xunit;

namespace Bootc.Ostree.Tests;

public sealed class ParityTests
{
    private const string Ref = "test/branch";
    private const ulong Timestamp = 1_700_000_000;

    public static TheoryData<string, RepositoryMode> Modes => new()
    {
        { "bare", RepositoryMode.Bare },
        { "bare-user", RepositoryMode.BareUser },
        { "bare-user-only", RepositoryMode.BareUserOnly },
        { "archive", RepositoryMode.Archive },
    };

    [Theory]
    [MemberData(nameof(Modes))]
    public void The_same_tree_gives_the_same_commit_and_objects(string mode, RepositoryMode repositoryMode)
    {
        using var pair = new RepositoryPair(mode, repositoryMode);

        Assert.Equal(pair.TheirCommit, pair.OurCommit.ToString());
        Assert.Equal(pair.Objects("theirs"), pair.Objects("ours"));
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Libostree_finds_our_repository_whole(string mode, RepositoryMode repositoryMode)
    {
        using var pair = new RepositoryPair(mode, repositoryMode);

        Assert.Contains("no errors found", Oracle.Run("ostree", "fsck", $"--repo={pair.Ours}").Succeeded());
        Assert.Equal(
            Oracle.Run("ostree", "ls", $"--repo={pair.Theirs}", "-R", "-X", "-C", Ref).Succeeded(),
            Oracle.Run("ostree", "ls", $"--repo={pair.Ours}", "-R", "-X", "-C", Ref).Succeeded());
        Assert.Equal(
            Oracle.Run("ostree", "show", $"--repo={pair.Theirs}", Ref).Succeeded(),
            Oracle.Run("ostree", "show", $"--repo={pair.Ours}", Ref).Succeeded());
        Assert.Equal(Ref, Oracle.Run("ostree", "refs", $"--repo={pair.Ours}").Succeeded().Trim());
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void We_find_the_repository_of_libostree_whole(string mode, RepositoryMode repositoryMode)
    {
        using var pair = new RepositoryPair(mode, repositoryMode);
        using Repository theirs = Repository.Open(pair.Theirs);

        FsckResult result = theirs.Fsck();

        Assert.Empty(result.Findings);
        Assert.Equal(1, result.Commits);
        Assert.Equal(pair.TheirCommit, theirs.ResolveCommit(Ref).ToString());
        Assert.Equal(pair.TheirCommit, Assert.Single(theirs.ListRefs()).Value.ToString());
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void A_checkout_is_as_libostree_makes_it(string mode, RepositoryMode repositoryMode)
    {
        using var pair = new RepositoryPair(mode, repositoryMode);
        using Repository theirs = Repository.Open(pair.Theirs);
        string[] user = repositoryMode == RepositoryMode.BareUserOnly ? ["-U"] : [];
        Oracle.Run("ostree", ["checkout", $"--repo={pair.Theirs}", .. user, Ref, pair.Directory["checkout-theirs"]]).Succeeded();

        theirs.CheckoutTree(Checksum.Parse(pair.TheirCommit), pair.Directory.Handle, "checkout-ours");

        Assert.Equal(Listing.Of(pair.Directory["checkout-theirs"], times: true), Listing.Of(pair.Directory["checkout-ours"], times: true));
    }

    [Fact]
    public void A_copy_shares_no_inode_and_is_as_libostree_makes_it()
    {
        using var pair = new RepositoryPair("bare", RepositoryMode.Bare);
        using Repository ours = Repository.Open(pair.Ours);
        Oracle.Run("ostree", "checkout", $"--repo={pair.Ours}", "-C", Ref, pair.Directory["checkout-theirs"]).Succeeded();

        ours.CheckoutTree(pair.OurCommit, pair.Directory.Handle, "checkout-ours", new CheckoutOptions { ForceCopy = true });

        Assert.Equal(Listing.Of(pair.Directory["checkout-theirs"]), Listing.Of(pair.Directory["checkout-ours"]));
        Assert.Equal("1", Peer.Run("stat", "-c", "%h", pair.Directory["checkout-ours/large"]).Succeeded().Trim());
    }

    [Fact]
    public void A_hard_linked_checkout_shares_the_objects_inodes()
    {
        using var pair = new RepositoryPair("bare", RepositoryMode.Bare);
        using Repository ours = Repository.Open(pair.Ours);

        ours.CheckoutTree(pair.OurCommit, pair.Directory.Handle, "checkout", new CheckoutOptions { Subpath = "usr/bin" });

        Assert.Equal("tool", Assert.Single(Directory.GetFileSystemEntries(pair.Directory["checkout"]).Select(Path.GetFileName)));
        Assert.Equal("2", Peer.Run("stat", "-c", "%h", pair.Directory["checkout/tool"]).Succeeded().Trim());
    }

    [Fact]
    public void An_existing_directory_is_only_filled_up_when_that_is_asked_for()
    {
        using var pair = new RepositoryPair("bare", RepositoryMode.Bare);
        using Repository ours = Repository.Open(pair.Ours);
        pair.Directory.Write("checkout/file", "in the way");
        pair.Directory.Write("checkout/mine", "stays");

        Assert.Throws<LinuxException>(() => ours.CheckoutTree(pair.OurCommit, pair.Directory.Handle, "checkout"));
        Assert.Equal("in the way", File.ReadAllText(pair.Directory["checkout/file"]));

        ours.CheckoutTree(pair.OurCommit, pair.Directory.Handle, "checkout", new CheckoutOptions { Union = true });

        Assert.Equal("content\n", File.ReadAllText(pair.Directory["checkout/file"]));
        Assert.Equal("stays", File.ReadAllText(pair.Directory["checkout/mine"]));
    }

    [Fact]
    public void The_composefs_digest_is_the_one_that_libostree_computes()
    {
        using var directory = new TestDirectory();
        string tree = SampleTree.Make(directory);
        string repo = directory["repo"];
        Oracle.Run("ostree", "init", $"--repo={repo}", "--mode=bare").Succeeded();
        Oracle.Run("ostree", "commit", $"--repo={repo}", $"--branch={Ref}", "--generate-composefs-metadata", $"--tree=dir={tree}").Succeeded();
        using Repository repository = Repository.Open(repo);
        Checksum commit = repository.ResolveCommit(Ref);

        VerityDigest digest = Composefs.ComposefsImage.ComputeDigest(CommitComposefs.BuildTree(repository, commit));

        Assert.Equal(
            Convert.ToHexStringLower(repository.LoadCommit(commit).Metadata.TryGetBytes(CommitComposefs.DigestKey)!.Value.Span),
            digest.ToString());
    }

    [Fact]
    public void Many_names_and_odd_ones_are_sorted_as_libostree_sorts_them()
    {
        using var directory = new TestDirectory();
        Directory.CreateDirectory(directory["tree"]);
        foreach (string name in (string[])["a", "B", "a.b", "a-b", "a b", "ä", "z", "\uFFFD", "\uE000", "\U00010000", "\U0001F427", "é", "e\u0301", "0", "~"])
        {
            File.WriteAllText(directory["tree/" + name], name);
            Directory.CreateDirectory(directory[$"tree/{name}.d"]);
        }

        using var pair = new RepositoryPair("bare", RepositoryMode.Bare, directory["tree"]);

        Assert.Equal(pair.TheirCommit, pair.OurCommit.ToString());
    }

    // The same tree, committed by libostree and by us.
    private sealed class RepositoryPair : IDisposable
    {
        public RepositoryPair(string mode, RepositoryMode repositoryMode, string? tree = null)
        {
            Oracle.Require();
            _isArchive = repositoryMode == RepositoryMode.Archive;
            tree ??= SampleTree.Make(Directory, plain: repositoryMode == RepositoryMode.BareUserOnly);
            Oracle.Run("ostree", "init", $"--repo={Theirs}", $"--mode={mode}").Succeeded();
            string[] canonical = repositoryMode == RepositoryMode.BareUserOnly ? ["--canonical-permissions"] : [];
            TheirCommit = Oracle.Run("ostree", [
                "commit", $"--repo={Theirs}", $"--branch={Ref}", "--subject=a subject", "--body=a body", $"--timestamp=@{Timestamp}", .. canonical, $"--tree=dir={tree}",
            ]).Succeeded().Trim();
            System.IO.Directory.CreateDirectory(Ours);
            using Repository ours = Repository.Create(DirectoryHandle.Open(Ours), repositoryMode);
            OurCommit = TreeCommit.Write(ours, tree, Ref, Timestamp);
        }

        private readonly bool _isArchive;

        public TestDirectory Directory { get; } = new();

        public string Theirs => Directory["theirs"];

        public string Ours => Directory["ours"];

        public string TheirCommit { get; }

        public Checksum OurCommit { get; }

        // How well an archive's objects are compressed is nobody's business: only their names and metadata count.
        public string Objects(string repository)
        {
            string objects = Directory[$"{repository}/objects"];
            return _isArchive
                ? string.Join('\n', Peer.Run("find", objects, "-type", "f", "-printf", "%P %m\n").Succeeded().Split('\n').Order(StringComparer.Ordinal))
                : Listing.Of(objects);
        }

        public void Dispose() => Directory.Dispose();
    }
}
