// What a repository has of an image becomes an image again, without the registry: container tools unpack the same files.
using Bootc.Import.Encapsulation;
using Bootc.Import.Export;
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Ostree;
using Bootc.Ostree.Objects;
using Bootc.Testing;
using Xunit;

namespace Bootc.Import.Tests;

public sealed class StoredImageTests : IDisposable
{
    private readonly TestRepository _test = new();

    public void Dispose() => _test.Dispose();

    [Fact]
    public async Task Layers_made_anew_unpack_to_the_same_files()
    {
        Peer.Require("skopeo", "umoci");
        Peer.RequireRoot("files are unpacked with their owners");
        WrittenImage image = MakeImage().WriteTo(_test.Folder["image"]);
        PulledImage pulled = await _test.ImportAsync(image);
        Directory.Delete(_test.Folder["image/blobs"], recursive: true); // there is no registry
        MakeImage().WriteTo(_test.Folder["again"]);

        string stored = await StoreAsync(pulled.Image.MergeCommit, "stored");

        Peer.Run("skopeo", "copy", "-q", stored, $"dir:{_test.Folder["dir"]}").Succeeded();
        Assert.Equal(Unpack("again", "latest"), Unpack("stored", "1"));
        ImageConfig config = await ConfigOfAsync(stored);
        Assert.Equal("1", config.Labels["containers.bootc"]);
        Assert.Equal(pulled.Image.Config.History, config.History);
        Assert.Equal(pulled.Image.Manifest.Layers.Length, config.RootFs.DiffIds.Length);
    }

    [Fact]
    public async Task It_is_the_same_image_each_time_and_gives_the_same_commits_of_layers()
    {
        PulledImage pulled = await _test.ImportAsync(MakeImage().WriteTo(_test.Folder["image"]));
        string first = await StoreAsync(pulled.Image.MergeCommit, "first");
        string second = await StoreAsync(pulled.Image.MergeCommit, "second");
        using var other = new TestRepository();

        PulledImage again = await other.ImportAsync(ImageReference.Parse(first));

        Assert.Equal(await DigestOfAsync(first), await DigestOfAsync(second));
        Assert.Equal(Tree(_test, pulled), Tree(other, again));
        Assert.Equal(pulled.Composefs?.Digest, again.Composefs?.Digest);
    }

    [Fact]
    public async Task An_image_that_holds_a_commit_is_encapsulated()
    {
        PulledImage pulled = await _test.ImportAsync(MakeImage().WriteTo(_test.Folder["image"]));
        await using (IImageDestination destination = ImageDestinations.Open(ImageReference.Parse($"oci:{_test.Folder["ostree"]}:1")))
        {
            await new CommitEncapsulation(_test.Repository, pulled.Image.MergeCommit, new EncapsulationOptions()).WriteAsync(destination, null, CancellationToken.None);
        }

        using var host = new TestRepository();
        PulledImage ostree = await host.ImportAsync(ImageReference.Parse($"oci:{_test.Folder["ostree"]}:1"));
        var options = new OciOptions { TemporaryDirectory = Directory.CreateDirectory(_test.Folder["tmp"]).FullName };

        await using (IImageSource source = await StoredImages.OpenAsync(host.Repository, ostree.Image.MergeCommit, ImageReference.Parse("docker://example.com/os"), options, CancellationToken.None))
        {
            ResolvedManifest manifest = await source.FetchManifestAsync(Platform.Current, CancellationToken.None);
            ImageConfig config = ImageConfig.Parse((await source.FetchSmallBlobAsync(manifest.Manifest.Config, 1 << 20, CancellationToken.None)).Span, "it");
            Assert.Equal(ostree.Image.MergeCommit.ToString(), config.Labels["ostree.commit"]);
            Assert.Equal("docker://example.com/os", source.Reference.ToString());
        }

        Assert.Empty(Directory.GetFileSystemEntries(_test.Folder["tmp"]));
    }

    [Fact]
    public async Task A_layer_that_is_gone_is_no_loss_and_an_object_that_is_is_told()
    {
        PulledImage pulled = await _test.ImportAsync(MakeImage().WriteTo(_test.Folder["image"]));
        _test.Repository.SetRef(ImageStore.RefOf(pulled.Image.Manifest.Layers[0].Digest), null);

        string stored = await StoreAsync(pulled.Image.MergeCommit, "stored");

        Assert.Equal(pulled.Image.MergeCommit.ToString(), (await ConfigOfAsync(stored)).Labels["ostree.commit"]);
        Checksum file = _test.Repository.OpenTree(pulled.Image.MergeCommit).TryGetFile("usr/bin/hello")!.Value;
        File.Delete(Path.Combine(_test.Path, "objects", new ObjectName(file, ObjectType.File).PathIn(RepositoryMode.Bare)));
        await Assert.ThrowsAsync<ObjectNotFoundException>(() => StoreAsync(pulled.Image.MergeCommit, "broken"));
        Assert.Empty(Directory.GetFileSystemEntries(_test.Folder["tmp"]));
    }

    private static OsImage MakeImage() => OsImage.Create()
        .AddLayer(layer => layer.File("usr/share-without-directory", "x").Directory("usr/share").File("usr/share/hard", "twice there").HardLink("usr/share/link", "usr/share/hard")
            .File("usr/share/owned", "of somebody", mode: 0x9ED, uid: 70_000, gid: 3_000_000).File("usr/share/marked", "y", attributes: new Dictionary<string, string> { ["user.comment"] = "a value" })
            .SymbolicLink("usr/share/symbolic", "hard").Directory("etc/app.d").OpaqueWhiteout("etc/app.d").File("etc/app.d/c.conf", "c=1\n").File("usr/share/empty", "").File("usr/share/empty-too", "")
            .File($"usr/share/{new string('n', 120)}", "a long name"))
        .AddLayer(layer => layer.Whiteout("etc/motd").Directory("var").File("var/file", new string('z', 300_000)));

    // As any image goes from one place to another.
    private async Task<string> StoreAsync(Checksum commit, string name)
    {
        var options = new OciOptions { TemporaryDirectory = Directory.CreateDirectory(_test.Folder["tmp"]).FullName };
        var reference = ImageReference.Parse($"oci:{_test.Folder[name]}:1");
        await using IImageSource source = await StoredImages.OpenAsync(_test.Repository, commit, ImageReference.Parse("docker://example.com/os"), options, CancellationToken.None);
        await using IImageDestination destination = ImageDestinations.Open(reference);
        ResolvedManifest manifest = await source.FetchManifestAsync(Platform.Current, CancellationToken.None);
        foreach (Descriptor blob in manifest.Manifest.Layers.Append(manifest.Manifest.Config))
        {
            Descriptor written = await destination.WriteBlobAsync(blob.MediaType, async (output, stop) =>
            {
                await using Stream content = await source.OpenBlobAsync(blob, null, stop);
                await content.CopyToAsync(output, stop);
            }, CancellationToken.None);
            Assert.Equal((blob.Digest, blob.Size), (written.Digest, written.Size));
        }

        await destination.WriteManifestAsync(manifest.Bytes, MediaTypes.OciManifest, CancellationToken.None);
        return reference.ToString();
    }

    // Without times, which commits do not keep.
    private string[] Unpack(string layout, string tag)
    {
        string bundle = _test.Folder[$"bundle-{layout}"];
        Peer.Run("umoci", "unpack", "--image", $"{_test.Folder[layout]}:{tag}", bundle).Succeeded();
        string root = Path.Combine(bundle, "rootfs");
        string names = Peer.Run("find", root, "-mindepth", "1", "-printf", "%P|%y|%m|%U:%G|%n|%l\n").Succeeded();
        string contents = Peer.Run("sh", "-c", "cd \"$0\" && find . -type f -exec sha256sum {} + && getfattr -Rhd -m '^user' .", root).Succeeded();
        // Links of directories count what is in them.
        return [.. (names + contents).Split('\n').Select(line => line.Contains("|d|") ? line[..line.LastIndexOf('|', line.LastIndexOf('|') - 1)] : line).Order(StringComparer.Ordinal)];
    }

    private static async Task<ImageConfig> ConfigOfAsync(string reference)
    {
        await using IImageSource source = ImageSources.Open(ImageReference.Parse(reference));
        ResolvedManifest manifest = await source.FetchManifestAsync(Platform.Current, CancellationToken.None);
        return ImageConfig.Parse((await source.FetchSmallBlobAsync(manifest.Manifest.Config, 1 << 20, CancellationToken.None)).Span, "it");
    }

    private static async Task<Digest> DigestOfAsync(string reference)
    {
        await using IImageSource source = ImageSources.Open(ImageReference.Parse(reference));
        return (await source.FetchManifestAsync(Platform.Current, CancellationToken.None)).Digest;
    }

    private static (Checksum, Checksum) Tree(TestRepository test, PulledImage image)
    {
        Commit commit = test.Repository.LoadCommit(image.Image.MergeCommit);
        return (commit.RootTree, commit.RootMeta);
    }
}
