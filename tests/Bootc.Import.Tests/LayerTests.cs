// A layer becomes the commit that libostree makes of the same tar; a hostile one becomes an error.
using System.Formats.Tar;
using Bootc.Linux;
using Bootc.Oci.Model;
using Bootc.Ostree;
using Bootc.Ostree.Objects;
using Bootc.Testing;
using Xunit;

namespace Bootc.Import.Tests;

public sealed class LayerTests
{
    public static TheoryData<string, Action<OsLayer>> Hostile => new()
    {
        { "'..'", layer => layer.File("../escaped", "x") },
        { "'..'", layer => layer.File("usr/../../escaped", "x") },
        { "'..'", layer => layer.Directory("a/../..") },
        { "no directory", layer => layer.SymbolicLink("link", "/tmp").File("link/escaped", "x") },
        { "no directory", layer => layer.File("file", "x").File("file/below", "x") },
        { "'..'", layer => layer.HardLink("passwd", "../../etc/passwd") },
        { "no file of this layer", layer => layer.HardLink("passwd", "/etc/passwd") },
        { "no file of this layer", layer => layer.HardLink("here", "nowhere") },
        { "no file of this layer", layer => layer.Directory("directory").HardLink("here", "directory") },
        { "empty target", layer => layer.Add(new UstarTarEntry(TarEntryType.SymbolicLink, "link") { LinkName = "x" }).SymbolicLink("other", " ".Trim() + "\0") },
    };

    [Fact]
    public async Task The_commit_of_a_layer_is_that_of_ostree_commit_with_the_tar()
    {
        Oracle.Require();
        using var test = new TestRepository();
        // Only what both treat alike: ostree itself keeps /etc where it is, and gives the owner of a file whose directories
        // have no entries to the directories above them, entries or not.
        OsLayer layer = new OsLayer()
            .Directory("usr").Directory("usr/bin", mode: 0x1ED, uid: 3, gid: 4)
            .File("usr/bin/plain", "content").File("usr/bin/setuid", "x", mode: 0x9ED, uid: 1000, gid: 1000)
            .File("usr/bin/empty", "").SymbolicLink("usr/bin/link", "../some/where").HardLink("usr/bin/hard", "usr/bin/plain")
            .File("usr/share/made/on/the/way", "x")
            .File("usr/grüße-日本語", "x", attributes: new Dictionary<string, string> { ["user.comment"] = "a value" })
            .File(string.Join('/', Enumerable.Repeat(new string('d', 70), 4)), "deep")
            .File("usr/large", new byte[1_000_000]);
        File.WriteAllBytes(test.Folder["layer.tar"], layer.ToTar());
        Oracle.Run("ostree", "init", $"--repo={test.Folder["theirs"]}", "--mode=bare").Succeeded();
        string theirs = Oracle.Run("ostree", "commit", $"--repo={test.Folder["theirs"]}", "-b", "layer", $"--tree=tar={test.Folder["layer.tar"]}", "--tar-autocreate-parents").Succeeded().Trim();

        WrittenImage image = new OsImage().AddLayer(layer).WriteTo(test.Folder["image"]);
        await test.ImportAsync(image);

        Checksum ours = test.Repository.ResolveCommit(ImageStore.RefOf(Digest.Parse(image.LayerDigests[0])));
        using Repository reference = Repository.Open(test.Folder["theirs"]);
        Commit expected = reference.LoadCommit(Checksum.Parse(theirs));
        Commit actual = test.Repository.LoadCommit(ours);
        Assert.Equal(
            Oracle.Run("ostree", "ls", $"--repo={test.Folder["theirs"]}", "-R", "-X", "-C", "layer").Succeeded(),
            Oracle.Run("ostree", "ls", $"--repo={test.Path}", "-R", "-X", "-C", ours.ToString()).Succeeded());
        Assert.Equal(expected.RootTree, actual.RootTree);
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task A_layer_that_leads_out_of_its_tree_is_refused_whole(string reason, Action<OsLayer> fill)
    {
        using var test = new TestRepository();
        WrittenImage image = OsImage.Create().AddLayer(fill).WriteTo(test.Folder["image"]);

        ImportException e = await Assert.ThrowsAsync<ImportException>(() => test.ImportAsync(image));

        Assert.Contains(reason, e.Message);
        Assert.Contains(image.LayerDigests[^1], e.Message);
        Assert.Empty(test.Repository.ListRefs(ImageStore.ImagePrefix));
        Assert.False(File.Exists(test.Folder["escaped"]));
        Assert.Empty(test.Repository.Fsck().Findings);
    }

    // As ostree-ext: a leading slash is that of the image's root.
    [Fact]
    public async Task Absolute_names_are_those_below_the_root()
    {
        using var test = new TestRepository();

        PulledImage relative = await test.ImportAsync(MakeImage("").WriteTo(test.Folder["relative"]));
        PulledImage absolute = await test.ImportAsync(MakeImage("/").WriteTo(test.Folder["absolute"]));

        Assert.Equal(
            ["usr/bin/other", "usr/bin/tool", "usr/etc/config"],
            test.Repository.OpenTree(relative.Image.MergeCommit).Walk().Select(entry => entry.Key).Order(StringComparer.Ordinal));
        Assert.Equal(test.Repository.LoadCommit(relative.Image.MergeCommit).RootTree, test.Repository.LoadCommit(absolute.Image.MergeCommit).RootTree);

        static OsImage MakeImage(string root) => new OsImage()
            .AddLayer(layer => layer.Directory(root + "usr").Directory(root + "usr/bin").File(root + "usr/bin/tool", "x").File(root + "usr/bin/gone", "x").File(root + "etc/config", "x"))
            .AddLayer(layer => layer.Directory(root + "usr").Directory(root + "usr/bin").File(root + "usr/bin/tool", "y").HardLink(root + "usr/bin/other", root + "usr/bin/tool").Whiteout(root + "usr/bin/gone"));
    }

    [Fact]
    public async Task Names_that_are_not_UTF8_are_refused()
    {
        using var test = new TestRepository();
        byte[] tar = new OsLayer().File("usr/nameXY", "x").ToTar();
        int at = tar.AsSpan().IndexOf("nameXY"u8);
        Assert.True(at > 0);
        while (at >= 0)
        {
            tar[at + 4] = 0xff;
            int next = tar.AsSpan(at + 1).IndexOf("nameXY"u8);
            at = next < 0 ? -1 : at + 1 + next;
        }

        using RepositoryTransaction transaction = test.Repository.BeginTransaction();
        ImportException e = Assert.ThrowsAny<ImportException>(() => new LayerImporter(transaction, "the layer", default).Import(new MemoryStream(tar)));
        Assert.Contains("the layer", e.Message);
        await Task.CompletedTask;
    }

    [Fact]
    public async Task What_does_not_belong_in_a_commit_is_left_out()
    {
        using var test = new TestRepository();
        WrittenImage image = new OsImage().AddLayer(layer => layer
            .Directory("dev").Directory("run").Directory("tmp", mode: 0x3FF).Directory("proc").Directory("sys")
            .File("run/secret", "x").File("dev/stray", "x").File("tmp/leftover", "x").File("proc/1", "x").File("sys/kernel", "x")
            .File("etc/config", "defaults").File("var/lib/data", "x").File("opt/tool", "x")
            .Add(new PaxTarEntry(TarEntryType.CharacterDevice, "usr/null") { DeviceMajor = 1, DeviceMinor = 3 })
            .Add(new PaxTarEntry(TarEntryType.Fifo, "usr/fifo"))).WriteTo(test.Folder["image"]);

        PulledImage pulled = await test.ImportAsync(image);

        Assert.Equal(
            ["opt/tool", "usr/etc/config", "var/lib/data"],
            test.Repository.OpenTree(pulled.Image.MergeCommit).Walk().Select(entry => entry.Key).Order(StringComparer.Ordinal));
        Assert.Equal(
            ["dev", "opt", "proc", "run", "sys", "tmp", "usr", "var"],
            test.Repository.OpenTree(pulled.Image.MergeCommit).TryGetDirectory("")!.Directories.Select(entry => entry.Name));
    }

    [Fact]
    public async Task The_last_of_several_entries_of_a_name_counts()
    {
        using var test = new TestRepository();
        WrittenImage image = new OsImage().AddLayer(layer => layer
            .File("a", "first").File("a", "second").Directory("b").File("b/inner", "x").File("b", "a file now").File("c", "x").Directory("c").File("c/inner", "y")).WriteTo(test.Folder["image"]);

        PulledImage pulled = await test.ImportAsync(image);

        CommitTree tree = test.Repository.OpenTree(pulled.Image.MergeCommit);
        Assert.Equal(["a", "b", "c/inner"], tree.Walk().Select(entry => entry.Key).Order(StringComparer.Ordinal));
        Assert.Equal("second"u8.ToArray(), tree.TryReadFile("a", 100));
    }
}
