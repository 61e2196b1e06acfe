// What programs change in a mounted commit, made into a commit again.
using Bootc.Composefs;
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;
using Bootc.Testing;

namespace Bootc.Layering.Tests;

public sealed class UpperLayerTests
{
    private const string Listing = "cd \"$0\" && find . -mindepth 1 -printf '%P %y %m %U:%G %l\\n' | LC_ALL=C sort && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum";

    // Each is something that overlay keeps in a way of its own.
    [Theory]
    [InlineData("echo new > usr/new; echo other > usr/file")]
    [InlineData("chmod 700 usr/file; chown 3:4 usr/deep/below/file")]
    [InlineData("rm usr/file; rm -r usr/deep")]
    [InlineData("rm -r usr/deep; mkdir usr/deep; echo x > usr/deep/other")]
    [InlineData("mv usr/deep usr/moved; echo x > usr/moved/below/added")]
    [InlineData("mv usr/deep/below usr/up; rm usr/up/file; mkdir usr/deep/below")]
    [InlineData("rm usr/file; mkdir usr/file; echo x > usr/file/below; rm -r usr/deep; echo file > usr/deep")]
    [InlineData("ln -s file usr/link; ln usr/file usr/hard; rm usr/symbolic; ln -s elsewhere usr/symbolic")]
    [InlineData("chmod 711 usr; chown 5:5 usr/deep")]
    public void A_change_is_in_the_commit_as_programs_saw_it(string change)
    {
        Peer.RequireRoot("an overlay is mounted");
        using var test = new TestDirectory("upper");
        Directory.CreateDirectory(test["repo"]);
        using Repository repository = Repository.Create(DirectoryHandle.Open(test["repo"]), RepositoryMode.Bare);
        Checksum commit = WriteBase(repository);
        WriteImage(repository, commit, test["image"]);
        foreach (string name in (string[])["root", "upper", "work"])
        {
            Directory.CreateDirectory(test[name]);
        }

        string seen = "";
        Checksum changed = default;
        Mounts.RunInPrivateNamespace(() =>
        {
            using ComposefsMount mount = ComposefsMount.Attach(test["image"], test["root"], new ComposefsMountOptions
            {
                ObjectDirectories = [test["repo/objects"]],
                Writable = new WritableLayer(test["upper"], test["work"]),
            });
            Peer.Run("sh", "-ec", $"cd \"$0\"; {change}", test["root"]).Succeeded();
            seen = Peer.Run("sh", "-ec", Listing, test["root/usr"]).Succeeded();
            changed = Collect(repository, commit, test["upper"], test["root"]);
        });

        repository.CheckoutTree(changed, test.Handle, "checkout");
        Assert.Equal(seen, Peer.Run("sh", "-ec", Listing, test["checkout/usr"]).Succeeded());
        Assert.Empty(repository.Fsck().Findings);
    }

    private static Checksum Collect(Repository repository, Checksum commit, string upper, string merged)
    {
        using RepositoryTransaction transaction = repository.BeginTransaction();
        var tree = MutableTree.FromCommit(repository, commit);
        using DirectoryHandle upperDirectory = DirectoryHandle.Open(upper);
        using DirectoryHandle mergedDirectory = DirectoryHandle.Open(merged);
        new UpperLayer(transaction, path => path != "usr" && !path.StartsWith("usr/", StringComparison.Ordinal)).Apply(upperDirectory, mergedDirectory, tree);
        return WriteCommit(transaction, tree);
    }

    private static Checksum WriteBase(Repository repository)
    {
        using RepositoryTransaction transaction = repository.BeginTransaction();
        Checksum meta = transaction.WriteDirMeta(DirMeta.ForDirectory(0, 0, 0x1ED));
        var root = new MutableTree { Meta = meta };
        MutableTree usr = root.EnsureDirectory("usr");
        usr.Meta = meta;
        usr.ReplaceFile("file", transaction.WriteFile(FileHeader.ForFile(0, 0, 0x1A4), new byte[10_000]).Checksum);
        usr.ReplaceFile("symbolic", transaction.WriteSymbolicLink(FileHeader.ForSymbolicLink(0, 0, "file")).Checksum);
        MutableTree deep = usr.EnsureDirectory("deep");
        deep.Meta = meta;
        MutableTree below = deep.EnsureDirectory("below");
        below.Meta = meta;
        below.ReplaceFile("file", transaction.WriteFile(FileHeader.ForFile(1, 2, 0x1A4), "content below\n"u8).Checksum);
        below.ReplaceFile("empty", transaction.WriteFile(FileHeader.ForFile(0, 0, 0x1A4), ReadOnlySpan<byte>.Empty).Checksum);
        return WriteCommit(transaction, root);
    }

    private static Checksum WriteCommit(RepositoryTransaction transaction, MutableTree root)
    {
        (Checksum tree, Checksum meta) = root.Write(transaction);
        Checksum commit = transaction.WriteCommit(new Commit(new VariantDictionary(), null, "", "", 0, tree, meta));
        transaction.Commit();
        return commit;
    }

    private static void WriteImage(Repository repository, Checksum commit, string path)
    {
        using FileStream file = File.Create(path);
        ComposefsImage.Write(CommitComposefs.BuildTree(repository, commit), file);
    }
}
