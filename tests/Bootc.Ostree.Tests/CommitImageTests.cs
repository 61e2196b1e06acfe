// The image of a commit that takes over what it can from the image of another one is the one that libostree computes.
using Bootc.Composefs;
using Bootc.Linux;
using Bootc.Ostree.Objects;
using Bootc.Testing;

namespace Bootc.Ostree.Tests;

public class CommitImageTests
{
    [Fact]
    public void The_image_has_the_digest_that_libostree_computes()
    {
        using var pair = new Versions();
        CommitImage? first = CommitImage.TryOpen(pair.Repository, pair.First, pair.WriteImage(pair.First));
        Assert.NotNull(first);
        Assert.Equal(pair.First, first.Commit);

        using UnnamedImage second = CommitComposefs.Write(pair.Repository, pair.Second, first);

        Assert.Equal(pair.DigestOf(pair.Second), second.Digest.ToString());
    }

    [Fact]
    public void The_same_commit_has_the_same_image()
    {
        using var pair = new Versions();
        CommitImage? first = CommitImage.TryOpen(pair.Repository, pair.First, pair.WriteImage(pair.First));

        using UnnamedImage again = CommitComposefs.Write(pair.Repository, pair.First, first);

        Assert.Equal(pair.DigestOf(pair.First), again.Digest.ToString());
    }

    [Fact]
    public void A_file_that_is_not_the_image_is_not_used()
    {
        using var pair = new Versions();
        string path = pair.WriteImage(pair.First);

        Assert.Null(CommitImage.TryOpen(pair.Repository, pair.Second, path));
        Assert.Null(CommitImage.TryOpen(pair.Repository, pair.First, path + ".missing"));
        Assert.Null(CommitImage.TryOpen(pair.Repository, pair.First, Path.GetDirectoryName(path)!));
        Assert.Null(CommitImage.TryOpen(pair.Repository, Checksum.Parse(new string('0', 64)), path));
        byte[] content = File.ReadAllBytes(path);
        content[^1] ^= 1;
        File.WriteAllBytes(path, content);
        Assert.Null(CommitImage.TryOpen(pair.Repository, pair.First, path));
    }

    [Fact]
    public void An_image_with_what_no_commit_has_is_of_no_use_and_no_harm()
    {
        using var pair = new Versions();
        ComposefsNode tree = CommitComposefs.BuildTree(pair.Repository, pair.First);
        var file = new ComposefsNode(ModeBits.Regular | 0x1A4) { Content = "inline"u8.ToArray() };
        tree.Children["usr"].Remove("stays");
        tree.Children["usr"].Add("stays", file);
        string path = pair.Directory["odd.cfs"];
        Checksum odd;
        using (FileStream image = File.Create(path))
        {
            odd = pair.CommitWithDigest(ComposefsImage.Write(tree, image));
        }

        CommitImage? like = CommitImage.TryOpen(pair.Repository, odd, path);
        Assert.NotNull(like);

        using UnnamedImage second = CommitComposefs.Write(pair.Repository, pair.Second, like);

        Assert.Equal(pair.DigestOf(pair.Second), second.Digest.ToString());
    }

    // Two commits of libostree that differ in little, each with the digest of its image.
    private sealed class Versions : IDisposable
    {
        public Versions()
        {
            Oracle.Require();
            Directory = new TestDirectory();
            string tree = SampleTree.Make(Directory);
            Directory.Write(Path.GetRelativePath(Directory.Path, $"{tree}/usr/stays"), "stays");
            Directory.Write(Path.GetRelativePath(Directory.Path, $"{tree}/usr/changes"), "one");
            string repo = Directory["repo"];
            Oracle.Run("ostree", "init", $"--repo={repo}", "--mode=bare").Succeeded();
            Commit(repo, tree, "first");
            Directory.Write(Path.GetRelativePath(Directory.Path, $"{tree}/usr/changes"), "another");
            Directory.Write(Path.GetRelativePath(Directory.Path, $"{tree}/usr/copy"), "stays");
            Directory.Write(Path.GetRelativePath(Directory.Path, $"{tree}/usr/more/file"), "more");
            Commit(repo, tree, "second");
            Repository = Repository.Open(repo);
            First = Repository.ResolveCommit("first");
            Second = Repository.ResolveCommit("second");
        }

        public TestDirectory Directory { get; }

        public Repository Repository { get; }

        public Checksum First { get; }

        public Checksum Second { get; }

        public string DigestOf(Checksum commit) => Convert.ToHexStringLower(Repository.LoadCommit(commit).Metadata.TryGetBytes(CommitComposefs.DigestKey)!.Value.Span);

        public string WriteImage(Checksum commit)
        {
            using UnnamedImage image = CommitComposefs.Write(Repository, commit, null);
            image.LinkAs(Repository.Directory, "image.cfs");
            return Directory["repo/image.cfs"];
        }

        public Checksum CommitWithDigest(Composefs.FsVerity.VerityDigest digest)
        {
            using RepositoryTransaction transaction = Repository.BeginTransaction();
            Objects.Commit like = Repository.LoadCommit(First);
            Checksum commit = transaction.WriteCommit(like with { Metadata = new GVariant.VariantDictionary { { CommitComposefs.DigestKey, GVariant.GVariantValue.FromBytes(digest.ToArray()) } } });
            transaction.Commit();
            return commit;
        }

        public void Dispose()
        {
            Repository.Dispose();
            Directory.Dispose();
        }

        private static void Commit(string repo, string tree, string branch) =>
            Oracle.Run("ostree", "commit", $"--repo={repo}", $"--branch={branch}", "--generate-composefs-metadata", $"--tree=dir={tree}").Succeeded();
    }
}
