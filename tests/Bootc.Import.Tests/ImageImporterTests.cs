// Images come into the repository in ostree-ext's layout, layer by layer, each fetched once.
using System.Text.Json.Nodes;
using Bootc.Composefs;
using Bootc.Oci;
using Bootc.Oci.Layers;
using Bootc.Oci.Model;
using Bootc.Ostree;
using Bootc.Ostree.Objects;
using Bootc.Testing;
using Xunit;

namespace Bootc.Import.Tests;

public sealed class ImageImporterTests
{
    [Fact]
    public async Task An_image_has_the_refs_and_metadata_of_ostree_ext()
    {
        using var test = new TestRepository();
        WrittenImage image = OsImage.Create("3").WriteTo(test.Folder["image"]);

        PulledImage pulled = await test.ImportAsync(image);

        Commit commit = test.Repository.LoadCommit(pulled.Image.MergeCommit);
        Assert.Equal(
            [
                .. image.LayerDigests.Select(digest => $"ostree/container/blob/{digest.Replace(":", "_3A_")}").Order(StringComparer.Ordinal),
                $"ostree/container/image/{RefEscape.Escape(image.Reference)}",
            ],
            test.Repository.ListRefs().Select(entry => entry.Key));
        Assert.Equal(image.ManifestDigest, commit.Metadata.TryGetString("ostree.manifest-digest"));
        Assert.Equal(
            [.. image.LayerDigests],
            JsonNode.Parse(commit.Metadata.TryGetString("ostree.manifest")!)!["layers"]!.AsArray().Select(layer => (string)layer!["digest"]!));
        Assert.Equal("3", (string?)JsonNode.Parse(commit.Metadata.TryGetString("ostree.container.image-config")!)!["config"]!["Labels"]!["org.opencontainers.image.version"]);
        Assert.NotNull(commit.Metadata.TryGetString("ostree.importer.version"));
        Assert.Equal((ulong)DateTimeOffset.Parse("2025-01-02T03:04:05Z").ToUnixTimeSeconds(), commit.Timestamp);
        Assert.Equal("3", pulled.Image.Version);
        Assert.Equal(pulled.Image.MergeCommit, ImageStore.QueryImage(test.Repository, ImageReference.Parse(image.Reference))!.MergeCommit);
        Assert.Equal(image.Reference, Assert.Single(ImageStore.ListImages(test.Repository)).ToString());
    }

    [Fact]
    public async Task The_digest_of_the_composefs_image_is_in_the_commit_and_is_libostrees()
    {
        Oracle.Require();
        using var test = new TestRepository();
        PulledImage pulled = await test.ImportAsync(OsImage.Create().WriteTo(test.Folder["image"]));
        string tree = test.Folder["tree"];
        Oracle.Run("ostree", "checkout", $"--repo={test.Path}", pulled.Image.MergeCommit.ToString(), tree).Succeeded();
        Oracle.Run("ostree", "commit", $"--repo={test.Path}", "-b", "again", "--generate-composefs-metadata", $"--tree=dir={tree}").Succeeded();

        byte[] ours = test.Repository.LoadCommit(pulled.Image.MergeCommit).Metadata.TryGetBytes(CommitComposefs.DigestKey)!.Value.ToArray();
        byte[] theirs = test.Repository.LoadCommit(test.Repository.ResolveCommit("again")).Metadata.TryGetBytes(CommitComposefs.DigestKey)!.Value.ToArray();

        Assert.Equal(theirs, ours);
        Assert.Equal(Convert.ToHexStringLower(ours), ComposefsImage.ComputeDigest(CommitComposefs.BuildTree(test.Repository, pulled.Image.MergeCommit)).ToString());
    }

    [Fact]
    public async Task Layers_that_are_there_are_not_fetched_again()
    {
        using var test = new TestRepository();
        OsImage image = OsImage.Create("1");
        var first = new List<string>();
        var second = new List<string>();
        var third = new List<string>();
        WrittenImage v1 = image.WriteTo(test.Folder["image"], "v1");
        WrittenImage v2 = image.WithVersion("2").WriteTo(test.Folder["image"], "v2");

        await test.ImportAsync(v1, first);
        test.Reopen();
        await test.ImportAsync(v2, second);
        PulledImage again = await test.ImportAsync(v2, third);

        Assert.Equal(v1.LayerDigests.Order(StringComparer.Ordinal), first.Order(StringComparer.Ordinal));
        Assert.Equal([v2.LayerDigests[^1]], second);
        Assert.Empty(third);
        Assert.Equal("2", again.Image.Version);
    }

    [Fact]
    public async Task What_is_remembered_of_files_is_not_needed()
    {
        using var test = new TestRepository();
        OsImage image = OsImage.Create("1");
        await test.ImportAsync(image.WriteTo(test.Folder["image"], "v1"));
        WrittenImage v2 = image.WithVersion("2").WriteTo(test.Folder["image"], "v2");
        string facts = test.Folder["repo/extensions/bootc/facts"];
        string[] files = Directory.GetFiles(facts);
        Assert.NotEmpty(files);
        var random = new Random(3);
        Checksum? expected = null;
        for (int round = 0; round < 40; round++)
        {
            foreach (string file in Directory.GetFiles(facts))
            {
                byte[] content = File.ReadAllBytes(file);
                if (round == 39)
                {
                    File.Delete(file);
                }
                else if (round > 0 && content.Length > 0)
                {
                    content[random.Next(content.Length)] ^= (byte)random.Next(1, 256);
                    File.WriteAllBytes(file, round % 5 == 0 ? content[..random.Next(content.Length)] : content);
                }
            }

            test.Repository.SetRef($"ostree/container/image/{RefEscape.Escape(v2.Reference)}", null);
            test.Reopen();

            Checksum commit = (await test.ImportAsync(v2)).Image.MergeCommit;

            expected ??= commit;
            Assert.Equal(expected, commit);
        }
    }

    [Fact]
    public async Task Uncompressed_layers_give_the_same_tree_from_skopeos_directory_and_from_a_registry()
    {
        Peer.Require("skopeo");
        using var test = new TestRepository();
        using var registry = new RealRegistry(test.Folder);
        WrittenImage image = OsImage.Create().WriteTo(test.Folder["image"]);
        Peer.Run("skopeo", "copy", "--dest-decompress", image.Reference, $"dir:{test.Folder["plain"]}").Succeeded();
        Peer.Run("skopeo", "copy", "--preserve-digests", "--dest-tls-verify=false", $"dir:{test.Folder["plain"]}", $"docker://{registry.Address}/plain:1").Succeeded();

        PulledImage compressed = await test.ImportAsync(image);
        PulledImage[] plain =
        [
            await test.ImportAsync(ImageReference.Parse($"dir:{test.Folder["plain"]}")),
            await test.ImportAsync(ImageReference.Parse($"docker://{registry.Address}/plain:1")),
        ];

        foreach (PulledImage pulled in plain)
        {
            Assert.All(pulled.Image.Manifest.Layers, layer => Assert.Equal(MediaTypes.OciLayer, layer.MediaType));
            Assert.Equal(test.Repository.LoadCommit(compressed.Image.MergeCommit).RootTree, test.Repository.LoadCommit(pulled.Image.MergeCommit).RootTree);
        }

        Assert.Empty(test.Repository.Fsck().Findings);
    }

    [Fact]
    public async Task Layers_merge_to_the_tree_that_umoci_unpacks()
    {
        Peer.RequireRoot("files with owners");
        Peer.Require("umoci");
        using var test = new TestRepository();
        WrittenImage image = new OsImage().AddLayer(layer => layer
            .Directory("usr").Directory("usr/replaced").File("usr/replaced/old", "x").File("usr/becomes-directory", "x")
            .File("usr/removed", "x").Directory("usr/removed-directory").File("usr/removed-directory/a", "x")
            .Directory("usr/opaque", mode: 0x1C0).File("usr/opaque/below", "x").Directory("usr/opaque/sub").File("usr/opaque/sub/below", "x")
            .File("usr/changed", "before", mode: 0x180).File("usr/setuid", "x", mode: 0x9ED).SymbolicLink("usr/link", "changed")
            .Directory("usr/keeps", mode: 0x1ED, uid: 7).File("usr/keeps/a", "x"))
            .AddLayer(layer => layer
            .Whiteout("usr/removed").Whiteout("usr/removed-directory").Whiteout("usr/replaced").File("usr/replaced", "a file")
            .Whiteout("usr/becomes-directory").Directory("usr/becomes-directory").File("usr/becomes-directory/in", "x")
            .Directory("usr/opaque").OpaqueWhiteout("usr/opaque").File("usr/opaque/new", "x")
            .File("usr/changed", "after", mode: 0x1A4).SymbolicLink("usr/link", "elsewhere").HardLink("usr/hard", "usr/changed")
            .File("usr/keeps/b", "y", uid: 3))
            .AddLayer(layer => layer
            .Directory("usr/keeps", mode: 0x1C0, uid: 8)
            .File(string.Join('/', "usr", new string('a', 120), new string('b', 120)), "deep").File("usr/grüße", "x", attributes: new Dictionary<string, string> { ["user.a"] = "b" }))
            .WriteTo(test.Folder["image"]);
        Peer.Run("umoci", "unpack", "--image", $"{image.Layout}:{image.Tag}", test.Folder["bundle"]).Succeeded();

        PulledImage pulled = await test.ImportAsync(image);

        test.Repository.CheckoutTree(pulled.Image.MergeCommit, test.Folder.Handle, "checkout");
        Assert.Equal(Listing(test.Folder["bundle/rootfs"]), Listing(test.Folder["checkout"]));
    }

    [Fact]
    public async Task A_layer_with_another_diff_id_is_refused_and_what_was_there_stays()
    {
        using var test = new TestRepository();
        WrittenImage image = OsImage.Create().WriteTo(test.Folder["image"]);
        RewriteConfig(image, config => config["rootfs"]!["diff_ids"]![1] = "sha256:" + new string('0', 64));

        LayerFormatException e = await Assert.ThrowsAsync<LayerFormatException>(() => test.ImportAsync(image));

        Assert.Contains("diff-id", e.Message);
        Assert.Contains(image.LayerDigests[1], e.Message);
        Assert.Empty(ImageStore.ListImages(test.Repository));
        Assert.DoesNotContain(test.Repository.ListRefs(), entry => entry.Key.Contains(image.LayerDigests[1][7..], StringComparison.Ordinal));
        Assert.Empty(test.Repository.Fsck().Findings);
    }

    [Fact]
    public async Task A_layer_that_came_before_one_that_is_refused_stays()
    {
        using var test = new TestRepository();
        WrittenImage image = OsImage.Create().WriteTo(test.Folder["image"]);
        RewriteConfig(image, config => config["rootfs"]!["diff_ids"]![1] = "sha256:" + new string('0', 64));
        await using IImageSource source = ImageSources.Open(ImageReference.Parse(image.Reference));
        var importer = new ImageImporter(test.Repository, new ImportOptions { ParallelLayers = 1 });
        PreparedImport prepared = await importer.PrepareAsync(source, ImageReference.Parse(image.Reference), CancellationToken.None);

        await Assert.ThrowsAsync<LayerFormatException>(() => importer.ImportAsync(prepared, null, CancellationToken.None));

        KeyValuePair<string, Checksum> kept = Assert.Single(test.Repository.ListRefs());
        Assert.Equal(ImageStore.RefOf(Digest.Parse(image.LayerDigests[0])), kept.Key);
        Assert.Empty(test.Repository.Fsck().Findings);
    }

    [Theory]
    [InlineData("flip")]
    [InlineData("truncate")]
    [InlineData("extend")]
    [InlineData("remove")]
    public async Task A_damaged_blob_is_refused_and_a_good_one_then_completes(string damage)
    {
        using var test = new TestRepository();
        WrittenImage image = OsImage.Create().AddLayer(layer => layer.File("usr/large", new byte[2_000_000])).WriteTo(test.Folder["image"]);
        string blob = image.BlobPath(image.LayerDigests[^1]);
        byte[] good = File.ReadAllBytes(blob);
        switch (damage)
        {
            case "flip":
                byte[] bad = [.. good];
                bad[bad.Length / 2] ^= 4;
                File.WriteAllBytes(blob, bad);
                break;
            case "truncate":
                File.WriteAllBytes(blob, good[..^10]);
                break;
            case "extend":
                File.WriteAllBytes(blob, [.. good, 0]);
                break;
            default:
                File.Delete(blob);
                break;
        }

        Exception e = await Assert.ThrowsAnyAsync<Exception>(() => test.ImportAsync(image));

        Assert.IsAssignableFrom<OciException>(e);
        Assert.Contains(image.LayerDigests[^1], e.Message);
        Assert.Empty(ImageStore.ListImages(test.Repository));
        File.WriteAllBytes(blob, good);

        // The error ends what is still on its way: how many of the other layers came before it depends on the threads.
        string[] missing = [.. image.LayerDigests.Where(digest => test.Repository.TryResolveRef(ImageStore.RefOf(Digest.Parse(digest))) is null)];
        Assert.Contains(image.LayerDigests[^1], missing);
        var fetched = new List<string>();
        await test.ImportAsync(image, fetched);
        Assert.Equal(missing.Order(StringComparer.Ordinal), fetched.Order(StringComparer.Ordinal));
        Assert.Empty(test.Repository.Fsck().Findings);
    }

    [Fact]
    public async Task An_image_of_another_architecture_is_refused()
    {
        using var test = new TestRepository();
        OsImage image = OsImage.Create();
        image.Architecture = "s390x";

        ImportException e = await Assert.ThrowsAsync<ImportException>(() => test.ImportAsync(image.WriteTo(test.Folder["image"])));

        Assert.Contains("s390x", e.Message);
        Assert.Empty(test.Repository.ListRefs());
    }

    [Fact]
    public async Task An_image_whose_configuration_names_other_layers_is_refused()
    {
        using var test = new TestRepository();
        WrittenImage image = OsImage.Create().WriteTo(test.Folder["image"]);
        RewriteConfig(image, config => config["rootfs"]!["diff_ids"]!.AsArray().RemoveAt(1));

        ImportException e = await Assert.ThrowsAsync<ImportException>(() => test.ImportAsync(image));

        Assert.Contains("2 layers", e.Message);
    }

    [Fact]
    public async Task Layers_that_no_image_needs_are_pruned()
    {
        using var test = new TestRepository();
        OsImage image = OsImage.Create("1");
        WrittenImage v1 = image.WriteTo(test.Folder["image"], "v1");
        WrittenImage v2 = image.WithVersion("2").WriteTo(test.Folder["image"], "v2");
        await test.ImportAsync(v1);
        await test.ImportAsync(v2);

        Assert.True(ImageStore.RemoveImage(test.Repository, ImageReference.Parse(v2.Reference)));
        int removed = ImageStore.PruneLayers(test.Repository);
        test.Repository.Prune();

        Assert.Equal(1, removed);
        Assert.Equal(v1.LayerDigests.Length, test.Repository.ListRefs("ostree/container/blob").Count);
        test.Reopen();
        Assert.Empty(test.Repository.Fsck().Findings);
        Assert.False(ImageStore.RemoveImage(test.Repository, ImageReference.Parse(v2.Reference)));
    }

    private static string Listing(string root)
    {
        string names = Peer.Run("find", root, "-mindepth", "1", "-printf", "%P|%y|%m|%U:%G|%l\n").Succeeded();
        string contents = Peer.Run("sh", "-c", "cd \"$0\" && find . -type f -exec sha256sum {} +", root).Succeeded();
        return string.Join('\n', (names + contents).Split('\n').Order(StringComparer.Ordinal));
    }

    // Changes the configuration, and the manifest and index that name it by digest.
    private static void RewriteConfig(WrittenImage image, Action<JsonNode> change)
    {
        JsonNode config = JsonNode.Parse(File.ReadAllText(image.BlobPath(image.ConfigDigest)))!;
        change(config);
        JsonObject configDescriptor = WriteBlob(image.Layout, config.ToJsonString());
        JsonNode manifest = JsonNode.Parse(File.ReadAllText(image.BlobPath(image.ManifestDigest)))!;
        manifest["config"]!["digest"] = (string)configDescriptor["digest"]!;
        manifest["config"]!["size"] = (int)configDescriptor["size"]!;
        JsonObject manifestDescriptor = WriteBlob(image.Layout, manifest.ToJsonString());
        JsonNode index = JsonNode.Parse(File.ReadAllText(Path.Combine(image.Layout, "index.json")))!;
        index["manifests"]![0]!["digest"] = (string)manifestDescriptor["digest"]!;
        index["manifests"]![0]!["size"] = (int)manifestDescriptor["size"]!;
        File.WriteAllText(Path.Combine(image.Layout, "index.json"), index.ToJsonString());
    }

    private static JsonObject WriteBlob(string layout, string content)
    {
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(content);
        string hex = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes));
        File.WriteAllBytes(Path.Combine(layout, "blobs/sha256", hex), bytes);
        return new JsonObject { ["digest"] = "sha256:" + hex, ["size"] = bytes.Length };
    }
}
