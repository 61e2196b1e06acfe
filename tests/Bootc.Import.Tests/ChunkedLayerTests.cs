// Of layers with tables of contents, only what is missing is fetched, and what comes of it is the layer as it is.
using System.Collections.Concurrent;
using Bootc.Oci;
using Bootc.Oci.Layers.Chunked;
using Bootc.Oci.Model;
using Bootc.Ostree;
using Bootc.Ostree.Objects;
using Bootc.Testing;

namespace Bootc.Import.Tests;

public sealed class ChunkedLayerTests : IDisposable
{
    private const int FileCount = 300;
    private const int LargeSize = 3_000_000;

    private readonly TestRepository _test = new();
    private readonly TestDirectory _directory = new("chunked");

    public static TheoryData<string> Writers => ["skopeo", "podman", "bootc"];

    private string Layout => _directory["image"];

    [Theory]
    [MemberData(nameof(Writers))]
    public async Task A_layer_put_together_is_the_layer_that_is_fetched_whole(string writer)
    {
        Publish(writer, 1);
        Publish(writer, 2);
        using var registry = new LayoutRegistry(Layout);
        await PullAsync(_test, registry, "1");
        long before = registry.BlobBytes;

        (PulledImage pulled, PreparedImport prepared, WatchedProgress progress) = await PullAsync(_test, registry, "2");

        long size = prepared.Layers[0].Layer.Size;
        Assert.InRange(registry.BlobBytes - before, 1, size / 5);
        Assert.InRange(prepared.BytesToFetch, 1, size / 5);
        Assert.Equal(size - prepared.BytesToFetch, prepared.BytesReused);
        Assert.Equal(prepared.BytesReused, progress.Reused);
        Assert.Equal(prepared.BytesToFetch, Assert.Single(progress.ToFetch).Size);
        Assert.Equal(prepared.BytesToFetch, progress.Bytes);
        Assert.Empty(progress.Warnings);
        await AssertIsTheImageAsync(pulled, "2");
    }

    [Theory]
    [InlineData(RangeStyle.Several, true)]
    [InlineData(RangeStyle.OneOrAll, true)]
    [InlineData(RangeStyle.First, true)]
    [InlineData(RangeStyle.Merged, true)]
    [InlineData(RangeStyle.Ignored, false)]
    [InlineData(RangeStyle.Refused, false)]
    public async Task Whatever_a_registry_makes_of_ranges_the_layer_is_the_same(RangeStyle style, bool givesParts)
    {
        Publish("bootc", 1);
        Publish("bootc", 2);
        using var registry = new LayoutRegistry(Layout, style);
        await PullAsync(_test, registry, "1");

        (PulledImage pulled, PreparedImport prepared, WatchedProgress progress) = await PullAsync(_test, registry, "2");

        Assert.Equal(givesParts, prepared.BytesReused > 0);
        Assert.Empty(progress.Warnings);
        await AssertIsTheImageAsync(pulled, "2");
    }

    [Theory]
    [InlineData("oci:{layout}:{tag}")]
    [InlineData("dir:{layout}-{tag}")]
    [InlineData("oci-archive:{layout}-{tag}.tar")]
    public async Task Of_layers_in_files_too_only_what_is_missing_is_read(string place)
    {
        Peer.Require("skopeo");
        Publish("bootc", 1);
        Publish("bootc", 2);
        foreach (string tag in (string[])["1", "2"])
        {
            if (Place(tag) is { } reference && !reference.StartsWith("oci:", StringComparison.Ordinal))
            {
                Peer.Run("skopeo", "copy", "-q", "--preserve-digests", $"oci:{Layout}:{tag}", reference).Succeeded();
            }
        }

        await PullAsync(_test, Place("1"));

        (PulledImage pulled, PreparedImport prepared, WatchedProgress progress) = await PullAsync(_test, Place("2"));

        Assert.InRange(prepared.BytesToFetch, 1, prepared.Layers[0].Layer.Size / 5);
        Assert.Equal(prepared.BytesToFetch, progress.Bytes);
        Assert.Empty(progress.Warnings);
        await AssertIsTheImageAsync(pulled, "2");

        string Place(string tag) => place.Replace("{layout}", Layout).Replace("{tag}", tag);
    }

    [Theory]
    [InlineData("truncate")]
    [InlineData("flip")]
    public async Task A_damaged_layer_in_a_file_is_not_put_together(string damage)
    {
        Publish("bootc", 1);
        Publish("bootc", 2);
        await PullAsync(_test, $"oci:{Layout}:1");
        await using IImageSource source = ImageSources.Open(ImageReference.Parse($"oci:{Layout}:2"));
        Descriptor layer = (await source.FetchManifestAsync(Platform.Current, CancellationToken.None)).Manifest.Layers[0];
        string blob = Path.Combine(Layout, "blobs/sha256", layer.Digest.Hex);
        byte[] content = File.ReadAllBytes(blob);
        if (damage == "flip")
        {
            content[ChunkedLayer.TryParse(layer)!.Toc.Offset + 20] ^= 1; // which is read in any case
        }

        File.WriteAllBytes(blob, damage == "flip" ? content : content[..^100]);

        DigestMismatchException e = await Assert.ThrowsAsync<DigestMismatchException>(() => PullAsync(_test, $"oci:{Layout}:2"));

        Assert.Contains(layer.Digest.ToString(), e.Message);
        Assert.Empty(_test.Repository.Fsck().Findings);
    }

    [Fact]
    public async Task Files_come_from_other_images_and_other_layers_as_well()
    {
        Publish("bootc", 1);
        OsImage other = OsImage.Create("2").AddLayer(layer => Fill(layer.Directory("opt").Directory("opt/other"), 2, "opt/other", uid: 7));
        ChunkedImage.Write(other, "bootc", Layout, "other");
        using var registry = new LayoutRegistry(Layout);
        await PullAsync(_test, registry, "1");
        long before = registry.BlobBytes;

        (PulledImage pulled, PreparedImport prepared, _) = await PullAsync(_test, registry, "other");

        Assert.InRange(registry.BlobBytes - before, 1, prepared.Layers.Sum(layer => layer.Layer.Size) / 4);
        await AssertIsTheImageAsync(pulled, "other");
    }

    [Fact]
    public async Task Files_of_layers_without_a_table_are_found_too()
    {
        Publish("bootc", 2);
        WrittenImage plain = MakeImage(1).WriteTo(_directory["gzip"]);
        await _test.ImportAsync(plain);
        using var registry = new LayoutRegistry(Layout);

        (PulledImage pulled, PreparedImport prepared, _) = await PullAsync(_test, registry, "2");

        Assert.InRange(prepared.BytesReused, 1_000_000, LargeSize); // all but the large file, whose chunks nobody knows
        await AssertIsTheImageAsync(pulled, "2");
    }

    [Theory]
    [InlineData(RangeStyle.Several)]
    [InlineData(RangeStyle.OneOrAll)]
    public async Task Parts_that_break_off_are_asked_for_again(RangeStyle style)
    {
        Publish("bootc", 1);
        Publish("bootc", 2);
        using (var registry = new LayoutRegistry(Layout, style))
        {
            await PullAsync(_test, registry, "1");
        }

        // Each answer that is long enough breaks off early, but for the second one about the same bytes.
        var broke = new ConcurrentDictionary<string, int>();
        using var broken = new LayoutRegistry(Layout, style, (answer, request, before) =>
            request.Header("range")?.Split('-')[^1] is { } end && answer.Body.Length > 2000 && broke.TryAdd(end, before) ? answer with { BreakAfter = 1000 + (137 * before % 1000) } : answer);

        (PulledImage pulled, PreparedImport prepared, WatchedProgress progress) = await PullAsync(_test, broken, "2");

        Assert.NotEmpty(broke);
        Assert.True(prepared.BytesReused > 0);
        Assert.Empty(progress.Warnings);
        await AssertIsTheImageAsync(pulled, "2");
    }

    [Fact]
    public async Task A_registry_that_goes_away_leaves_nothing_half_done()
    {
        Publish("bootc", 1);
        Publish("bootc", 2);
        using (var registry = new LayoutRegistry(Layout))
        {
            await PullAsync(_test, registry, "1");
        }

        using (var dying = new LayoutRegistry(Layout, RangeStyle.Several, (answer, request, _) =>
            request.Header("range")?.Contains(',') == true ? answer with { BreakAfter = 100 } : answer))
        {
            await Assert.ThrowsAsync<RegistryException>(() => PullAsync(_test, dying, "2"));
        }

        Assert.Single(_test.Repository.ListRefs(ImageStore.ImagePrefix));
        Assert.Empty(_test.Repository.Fsck().Findings);
        using var alive = new LayoutRegistry(Layout);
        (PulledImage pulled, _, _) = await PullAsync(_test, alive, "2");
        await AssertIsTheImageAsync(pulled, "2");
    }

    [Fact]
    public async Task Damaged_files_in_the_repository_do_not_come_into_an_image()
    {
        Publish("bootc", 1);
        Publish("bootc", 2);
        using var registry = new LayoutRegistry(Layout);
        PulledImage first = (await PullAsync(_test, registry, "1")).Pulled;
        Checksum file = _test.Repository.OpenTree(first.Image.MergeCommit).TryGetFile("usr/share/files/7")!.Value;
        string path = Path.Combine(_test.Path, "objects", new ObjectName(file, ObjectType.File).PathIn(RepositoryMode.Bare));
        byte[] content = File.ReadAllBytes(path);
        content[100] ^= 1;
        File.WriteAllBytes(path, content);

        (PulledImage pulled, _, WatchedProgress progress) = await PullAsync(_test, registry, "2");

        Assert.Contains("diff-id", Assert.Single(progress.Warnings));
        Assert.Equal(await CommitOfAsync("2"), pulled.Image.MergeCommit); // fetched whole; the object that is damaged is fsck's
    }

    // What one registry says of a blob digest, by parts of it, is not what another image gets.
    [Fact]
    public async Task A_layer_in_parts_does_not_take_the_place_of_another_images_layer()
    {
        Publish("bootc", 1);
        Publish("bootc", 2);
        using var registry = new LayoutRegistry(Layout);
        using LayoutRegistry impostor = await PublishImpostorAsync("2");
        await PullAsync(_test, registry, "1");
        (_, PreparedImport parts, _) = await PullAsync(_test, impostor, "3");
        Assert.True(parts.BytesReused > 0);

        (PulledImage pulled, PreparedImport prepared, _) = await PullAsync(_test, registry, "2");

        Assert.Equal(parts.Layers[0].Layer.Digest, prepared.Layers[0].Layer.Digest);
        Assert.Equal(0, prepared.BytesReused);
        await AssertIsTheImageAsync(pulled, "2");
    }

    [Fact]
    public async Task A_layer_compressed_anew_is_the_layer_that_is_there()
    {
        ChunkedImage.Write(MakeImage(1), "bootc", Layout, "1");
        Directory.Move(Layout, _directory["chunked"]);
        Directory.Move($"{Layout}-plain", Layout);
        PulledImage before = (await PullAsync(_test, $"oci:{Layout}:1")).Pulled;
        Directory.Delete(Layout, recursive: true);
        Directory.Move(_directory["chunked"], Layout);

        (PulledImage pulled, PreparedImport prepared, WatchedProgress progress) = await PullAsync(_test, $"oci:{Layout}:1");

        Assert.Empty(prepared.LayersToFetch);
        Assert.Empty(progress.ToFetch);
        Assert.Equal(prepared.Manifest.Digest, pulled.Image.ManifestDigest);
        Assert.NotEqual(before.Image.ManifestDigest, pulled.Image.ManifestDigest);
        await AssertIsTheImageAsync(pulled, "1");
    }

    [Fact]
    public async Task A_layer_that_is_there_is_not_replaced_by_parts_of_an_impostor()
    {
        Publish("bootc", 1);
        Publish("bootc", 2);
        using var registry = new LayoutRegistry(Layout);
        using LayoutRegistry impostor = await PublishImpostorAsync("2");
        await PullAsync(_test, registry, "1");
        (PulledImage pulled, PreparedImport prepared, _) = await PullAsync(_test, registry, "2");

        DigestMismatchException e = await Assert.ThrowsAsync<DigestMismatchException>(() => PullAsync(_test, impostor, "3"));

        Assert.Contains(prepared.Layers[0].Layer.Digest.ToString(), e.Message);
        await AssertIsTheImageAsync(pulled, "2");
    }

    [Fact]
    public async Task What_is_remembered_of_contents_is_not_needed_nor_trusted()
    {
        Publish("bootc", 1);
        Publish("bootc", 2);
        using var registry = new LayoutRegistry(Layout);
        await PullAsync(_test, registry, "1");
        string contents = Path.Combine(_test.Path, "extensions/bootc/contents");
        byte[] good = File.ReadAllBytes(Directory.GetFiles(contents).Single());
        string name = Directory.GetFiles(contents).Single();
        var random = new Random(5);
        Checksum expected = await CommitOfAsync("2");
        for (int round = 0; round < 12; round++)
        {
            byte[] bad = [.. good];
            for (int i = 0; i < 5; i++)
            {
                bad[random.Next(bad.Length)] ^= (byte)random.Next(1, 256);
            }

            bad = round % 4 == 3 ? bad[..random.Next(bad.Length)] : bad;
            if (round % 2 == 0 && bad.Length > 32)
            {
                // Lies that are well-formed.
                System.Security.Cryptography.SHA256.HashData(bad.AsSpan(..^32)).CopyTo(bad.AsSpan(^32..));
            }

            Directory.Delete(contents, recursive: true);
            Directory.CreateDirectory(contents);
            File.WriteAllBytes(name, bad);
            Forget("2", registry);

            (PulledImage pulled, _, _) = await PullAsync(_test, registry, "2");

            Assert.Equal(expected, pulled.Image.MergeCommit);
        }
    }

    [Fact]
    public async Task What_is_remembered_goes_with_the_layer()
    {
        Publish("bootc", 1);
        using var registry = new LayoutRegistry(Layout);
        await PullAsync(_test, registry, "1");
        string contents = Path.Combine(_test.Path, "extensions/bootc/contents");
        Assert.Single(Directory.GetFiles(contents));

        ImageStore.RemoveImage(_test.Repository, ImageReference.Parse(registry.Name("1")));
        ImageStore.PruneLayers(_test.Repository);

        Assert.Empty(Directory.GetFiles(contents));
    }

    public void Dispose()
    {
        _test.Dispose();
        _directory.Dispose();
    }

    /// <summary>Versions differ in some of many files, in a part of a large one, and in metadata.</summary>
    internal static OsImage MakeImage(int version)
    {
        OsImage image = new OsImage().AddLayer(layer =>
        {
            layer.Directory("usr").Directory("usr/lib").Directory("usr/lib/modules").Directory("usr/lib/modules/6.0")
                .File("usr/lib/modules/6.0/vmlinuz", "kernel").File("usr/lib/os-release", "ID=test\n")
                .Directory("usr/share").Directory("usr/share/files").Directory("etc").File("etc/config", "x").Directory("tmp").File("tmp/left-out", new string('y', 3000));
            Fill(layer, version, "usr/share/files");
            layer.File("usr/share/suid", "the same", mode: version == 1 ? 0x1ED : 0x9ED, uid: version)
                .File("usr/share/attributes", Content("attributes", 20_000), attributes: new Dictionary<string, string> { ["user.version"] = $"{version}" })
                .HardLink("usr/share/hard", "usr/share/files/3").SymbolicLink("usr/share/link", "files/4").File("usr/share/empty", "");
        });
        image.Labels["org.opencontainers.image.version"] = $"{version}";
        return image;
    }

    private static OsLayer Fill(OsLayer layer, int version, string directory, int uid = 0)
    {
        for (int i = 0; i < FileCount; i++)
        {
            bool isChanged = version > 1 && (i % 100 == 50 || i == FileCount - 1);
            layer.File($"{directory}/{i}", Content($"file {i}{(isChanged ? $" of {version}" : "")}", 200 + (i * 37 % 9000)), uid: uid);
        }

        // Data that does not compress, and a hole.
        byte[] large = [.. Content("large", LargeSize), .. new byte[1_500_000], .. Content("more", 100_000)];
        Content($"patch {version}", 1000).CopyTo(large.AsSpan(1_000_000));
        return layer.File($"{directory}/large", large, uid: uid);
    }

    private static byte[] Content(string seed, int size)
    {
        byte[] content = new byte[size];
        new Random(seed.Aggregate(17, (hash, next) => unchecked((hash * 31) + next))).NextBytes(content);
        return content;
    }

    private void Publish(string writer, int version) => ChunkedImage.Write(MakeImage(version), writer, Layout, $"{version}");

    /// <summary>A registry with an image 3 whose layer it gives under the digest of another image's.</summary>
    private async Task<LayoutRegistry> PublishImpostorAsync(string tag)
    {
        await using IImageSource source = ImageSources.Open(ImageReference.Parse($"oci:{Layout}:{tag}"));
        Digest claimed = (await source.FetchManifestAsync(Platform.Current, CancellationToken.None)).Manifest.Layers[0].Digest;
        string layout = _directory["impostor"];
        ChunkedImage.Write(MakeImage(3), "bootc", _directory["three"], "3");
        ChunkedImage.ChangeLayers(_directory["three"], layout, "3", (blob, annotations) => (blob, annotations), claimed);
        return new LayoutRegistry(layout);
    }

    private void Forget(string tag, LayoutRegistry registry)
    {
        ImageReference reference = ImageReference.Parse(registry.Name(tag));
        StoredImage? stored = ImageStore.QueryImage(_test.Repository, reference);
        ImageStore.RemoveImage(_test.Repository, reference);
        foreach (Descriptor layer in stored?.Manifest.Layers ?? [])
        {
            _test.Repository.SetRef(ImageStore.RefOf(layer.Digest), null);
        }
    }

    /// <summary>The commit that an image has in a repository that had nothing before.</summary>
    private async Task<Checksum> CommitOfAsync(string tag)
    {
        using var test = new TestRepository();
        using var registry = new LayoutRegistry(Layout, RangeStyle.Ignored);
        return (await PullAsync(test, registry, tag)).Pulled.Image.MergeCommit;
    }

    private async Task AssertIsTheImageAsync(PulledImage pulled, string tag)
    {
        using var test = new TestRepository();
        using var registry = new LayoutRegistry(Layout, RangeStyle.Ignored);
        PulledImage expected = (await PullAsync(test, registry, tag)).Pulled;
        foreach (Descriptor layer in expected.Image.Manifest.Layers)
        {
            Assert.Equal(test.Repository.ResolveCommit(ImageStore.RefOf(layer.Digest)), _test.Repository.ResolveCommit(ImageStore.RefOf(layer.Digest)));
        }

        Assert.Equal(expected.Image.MergeCommit, pulled.Image.MergeCommit);
        Assert.Equal(expected.Composefs?.Digest, pulled.Composefs?.Digest);
        Assert.Empty(_test.Repository.Fsck().Findings);
    }

    internal static Task<(PulledImage Pulled, PreparedImport Prepared, WatchedProgress Progress)> PullAsync(TestRepository test, LayoutRegistry registry, string tag, ImportOptions? settings = null) =>
        PullAsync(test, registry.Name(tag), settings);

    private static async Task<(PulledImage Pulled, PreparedImport Prepared, WatchedProgress Progress)> PullAsync(TestRepository test, string name, ImportOptions? settings = null)
    {
        var options = new OciOptions { Root = "/nonexistent", Attempts = 3, FirstDelay = TimeSpan.FromMilliseconds(1), StallTimeout = TimeSpan.FromSeconds(2) };
        ImageReference reference = ImageReference.Parse(name);
        await using IImageSource source = ImageSources.Open(reference, options);
        var importer = new ImageImporter(test.Repository, settings ?? new ImportOptions());
        var progress = new WatchedProgress();
        PreparedImport prepared = await importer.PrepareAsync(source, reference, CancellationToken.None);
        return (await importer.ImportAsync(prepared, progress, CancellationToken.None), prepared, progress);
    }
}
