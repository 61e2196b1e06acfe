// Tables of contents that lie: the image is what it is, or an error says why it is none.
using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using Bootc.Linux;
using Bootc.Oci;
using Bootc.Oci.Layers.Chunked;
using Bootc.Oci.Model;
using Bootc.Ostree;
using Bootc.Ostree.Objects;
using Bootc.Testing;
using ZstdSharp;

namespace Bootc.Import.Tests;

public sealed class HostileTableTests(HostileTableTests.Images images) : IClassFixture<HostileTableTests.Images>, IDisposable
{
    private readonly TestRepository _test = new();
    private readonly TestDirectory _directory = new("hostile");

    public static TheoryData<string, string, Action<Layer>> Lies => new()
    {
        { "another digest", "diff-id|digest", layer => layer.File("usr/share/files/50")["digest"] = Digest.Compute("x"u8).ToString() },
        { "the digest of another file that is there", "has the digest", layer => layer.File("usr/share/files/50")["digest"] = (string)layer.File("usr/share/files/2")!["digest"]! },
        { "digests of two files exchanged", "diff-id|digest", layer => Swap(layer, "digest", "usr/share/files/50", "usr/share/files/2") },
        { "places of two files exchanged", "another order|digest", layer => { Swap(layer, "offset", "usr/share/files/50", "usr/share/files/150"); Swap(layer, "endOffset", "usr/share/files/50", "usr/share/files/150"); } },
        { "a place beyond the blob", "no content", layer => layer.File("usr/share/files/50")["endOffset"] = 1L << 40 },
        { "a place in the table", "no content", layer => layer.File("usr/share/files/50")["endOffset"] = layer.Chunked.Toc.End },
        { "a place before the blob", "no content", layer => layer.File("usr/share/files/50")["offset"] = -5 },
        { "a place that is empty", "no content", layer => layer.File("usr/share/files/50")["endOffset"] = (long)layer.File("usr/share/files/50")["offset"]! },
        { "a place that is too short", "decompressed|digest|ends", layer => layer.File("usr/share/files/50")["endOffset"] = (long)layer.File("usr/share/files/50")["endOffset"]! - 3 },
        { "a place one byte off", "decompressed", layer => layer.File("usr/share/files/50")["offset"] = (long)layer.File("usr/share/files/50")["offset"]! + 1 },
        { "a place at the largest number", "no content", layer => { layer.File("usr/share/files/50")["offset"] = long.MaxValue - 1; layer.File("usr/share/files/50")["endOffset"] = long.MaxValue; } },
        { "places that overlap", "overlap", layer => layer.File("usr/share/files/299")["offset"] = (long)layer.File("usr/share/files/250")["offset"]! },
        { "a file that is larger", "does not", layer => layer.File("usr/share/files/50")["size"] = 1L << 50 },
        { "a file that is smaller", "does not", layer => layer.File("usr/share/files/50")["size"] = 10 },
        { "a file that is there and smaller", "does not", layer => layer.File("usr/share/files/2")["size"] = 10 },
        { "a negative size", "size -1", layer => layer.File("usr/share/files/50")["size"] = -1 },
        { "a size that is text", "malformed", layer => layer.File("usr/share/files/50")["size"] = "10" },
        { "a size beyond all numbers", "malformed", layer => layer.Table["entries"]![3]!["size"] = JsonNode.Parse("1e400") },
        { "no digest", "no digest", layer => layer.File("usr/share/files/50").Remove("digest") },
        { "a digest of another kind", "no sha256 digest", layer => layer.File("usr/share/files/50")["digest"] = "md5:00" },
        { "a file left out", "does not", layer => layer.Entries.Remove(layer.File("usr/share/files/50")) },
        { "a file that is not there", "overlap", layer => layer.Entries.Add(new JsonObject { ["type"] = "reg", ["name"] = "../../etc/shadow", ["size"] = 5, ["digest"] = Digest.Compute("x"u8).ToString(), ["offset"] = 5, ["endOffset"] = 6 }) },
        { "a file twice", "twice", layer => layer.Entries.Add(layer.File("usr/share/files/2").DeepClone()) },
        { "another name", "does not", layer => layer.File("usr/share/files/50")["name"] = "/../../usr/share/files/50" },
        { "other metadata, which nobody asks for", "", layer => { layer.File("usr/share/files/2")["uid"] = 4711; layer.File("usr/share/files/2")["mode"] = 2541; layer.File("usr/share/files/50")["linkName"] = "/etc/shadow"; } },
        { "another kind", "does not", layer => layer.File("usr/share/files/50")["type"] = "dir" },
        { "a chunk without a file", "follows no file", layer => layer.Entries.Insert(0, new JsonObject { ["type"] = "chunk", ["name"] = "x", ["offset"] = 5 }) },
        { "chunks that leave their file", "do not make up", layer => layer.Chunk(1)["chunkOffset"] = 1L << 40 },
        { "chunks in another order", "do not make up", layer => { long offset = (long)layer.Chunk(1)["offset"]!; layer.Chunk(1)["offset"] = (long)layer.Chunk(2)["offset"]!; layer.Chunk(2)["offset"] = offset; } },
        { "chunks with other digests", "diff-id|digest", layer => { string digest = (string)layer.Chunk(1)["chunkDigest"]!; layer.Chunk(1)["chunkDigest"] = (string)layer.Chunk(2)["chunkDigest"]!; layer.Chunk(2)["chunkDigest"] = digest; } },
        { "a hole where there is none", "diff-id|digest", layer => { for (int i = 1; i < 10; i++) { layer.Chunk(i)["chunkType"] = "zeros"; } } },
        { "another version", "version 2", layer => layer.Table["version"] = 2 },
        { "no version", "no version", layer => layer.Table.Remove("version") },
        { "entries that are none", "does not", layer => layer.Table["entries"] = "none" },
        { "an entry that is none", "", layer => layer.Entries.Add(17) },
        { "what is cut off", "malformed", layer => layer.RawTable = Compress(Encoding.UTF8.GetBytes(layer.Table.ToJsonString())[..^200]) },
        { "what is no Zstandard", "malformed", layer => layer.RawTable = new byte[5000] },
        { "what is no JSON", "malformed", layer => layer.RawTable = Compress("<html>"u8.ToArray()) },
        { "a value of many megabytes", "malformed", layer => layer.Entries.Add(new JsonObject { ["type"] = "reg", ["name"] = new string('n', 20 << 20) }) },
        { "a nest", "malformed", layer => layer.RawTable = Compress(Encoding.UTF8.GetBytes("{\"version\":1,\"entries\":" + new string('[', 100_000))) },
        { "a bomb", "malformed", layer => layer.RawTable = Compress(Encoding.UTF8.GetBytes("{\"version\":1,\"entries\":[" + new string(' ', 20 << 20) + "]}")) },
        { "another table than the manifest names", "not what was asked for", layer => layer.Annotations[ChunkedLayer.TocDigestAnnotation] = Digest.Compute("x"u8).ToString() },
        { "10 GB", "", layer => layer.Annotations[ChunkedLayer.TocPositionAnnotation] = $"{layer.Chunked.Toc.Offset}:{layer.Chunked.Toc.Length}:10000000000:1" },
        { "10 GB compressed", "", layer => layer.Annotations[ChunkedLayer.TocPositionAnnotation] = $"{layer.Chunked.Toc.Offset}:10000000000:{layer.Chunked.TocSize}:1" },
        { "a table beyond the blob", "", layer => layer.Annotations[ChunkedLayer.TocPositionAnnotation] = $"9223372036854775807:{layer.Chunked.Toc.Length}:{layer.Chunked.TocSize}:1" },
        { "a table of an unknown type", "", layer => layer.Annotations[ChunkedLayer.TocPositionAnnotation] = layer.Annotations[ChunkedLayer.TocPositionAnnotation][..^1] + "2" },
        { "numbers that are none", "", layer => layer.Annotations[ChunkedLayer.TocPositionAnnotation] = "-1:+2: 3:1" },
        { "no tar-split", "", layer => layer.Annotations.Remove(ChunkedLayer.TarSplitPositionAnnotation) },
        { "a tar-split that is another part", "tar-split", layer => layer.Annotations[ChunkedLayer.TarSplitPositionAnnotation] = $"5:100:5000" },
        { "a tar-split that is cut off", "tar-split", layer => layer.TarSplit = layer.TarSplit[..(layer.TarSplit.Length / 2)] },
        { "a tar-split with other bytes", "diff-id|checksum", layer => layer.TarSplit = layer.TarSplit.Replace("dXNyL3NoYXJl", "dXNyL3NoYXJm") },
        { "a tar-split with another size", "does not match", layer => layer.ChangeLine("usr/share/files/50", line => line["size"] = 5) },
        { "a tar-split without a file", "lacks|does not match", layer => layer.RemoveLine("usr/share/files/50") },
        { "a tar-split with a file too many", "has none|does not match", layer => layer.TarSplit += "{\"type\":1,\"name\":\"x\",\"size\":17,\"payload\":null}\n" },
        { "a tar-split with headers in one piece", "lacks|does not match", layer => layer.JoinHeaders() },
        { "a tar-split with a content as headers", "does not match", layer => layer.ContentAsBytes("usr/share/files/2") },
        { "a tar-split that is no JSON", "tar-split", layer => layer.TarSplit = "[]\n" },
        { "a tar-split of unknown entries", "tar-split", layer => layer.TarSplit = "{\"type\":3}\n" + layer.TarSplit },
        { "a tar-split with a line without end", "tar-split", layer => layer.TarSplit = "{\"type\":2,\"payload\":\"" + new string('A', 20 << 20) },
        { "a tar-split that is a bomb", "tar-split", layer => { layer.TarSplitSize = 100_000; layer.TarSplit += string.Concat(Enumerable.Repeat("{\"type\":2,\"payload\":\"" + new string('A', 4000) + "\"}\n", 50_000)); } },
    };

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task A_table_that_lies_costs_the_whole_layer_and_no_more(string what, string warning, Action<Layer> lie)
    {
        string layout = _directory["image"];
        ChunkedImage.ChangeLayers(images.Layout, layout, "1", (blob, annotations) => (blob, annotations));
        ChunkedImage.ChangeLayers(images.Layout, layout, "2", (blob, annotations) =>
        {
            var layer = new Layer(blob, annotations);
            lie(layer);
            return layer.Write();
        });
        using var registry = new LayoutRegistry(layout);
        await ChunkedLayerTests.PullAsync(_test, registry, "1");

        (PulledImage pulled, _, WatchedProgress progress) = await ChunkedLayerTests.PullAsync(_test, registry, "2");

        Assert.True(images.Expected == CommitOf(_test, pulled), what);
        Assert.Empty(_test.Repository.Fsck().Findings);
        if (warning.Length == 0)
        {
            Assert.Empty(progress.Warnings);
            return;
        }

        string told = Assert.Single(progress.Warnings);
        Assert.True(warning.Split('|').Any(told.Contains), told);
        Assert.Contains(pulled.Image.Manifest.Layers[0].Digest.ToString(), told);
    }

    [Fact]
    public async Task A_layer_that_is_another_than_the_configuration_names_is_refused_in_parts_as_in_whole()
    {
        string layout = _directory["image"];
        ChunkedImage.Write(ChunkedLayerTests.MakeImage(3), "bootc", layout, "3");
        (byte[] Blob, Dictionary<string, string> Annotations) other = default;
        ChunkedImage.ChangeLayers(layout, layout, "3", (blob, annotations) => other = (blob, annotations));
        ChunkedImage.ChangeLayers(images.Layout, layout, "1", (blob, annotations) => (blob, annotations));
        ChunkedImage.ChangeLayers(images.Layout, layout, "2", (_, _) => other);
        using var registry = new LayoutRegistry(layout);
        await ChunkedLayerTests.PullAsync(_test, registry, "1");
        var steps = new List<string>();
        var settings = new ImportOptions { Anticipate = _ => new Undoing(steps) };

        LayerFormatException e = await Assert.ThrowsAsync<LayerFormatException>(() => ChunkedLayerTests.PullAsync(_test, registry, "2", settings));

        Assert.Contains("is not the layer that the image's configuration names", e.Message);
        Assert.Equal(["begun", "taken back"], steps);
        Assert.Single(_test.Repository.ListRefs(ImageStore.ImagePrefix));
        Assert.Empty(_test.Repository.Fsck().Findings);
    }

    [Fact]
    public async Task The_commit_of_an_image_can_be_checked_out_before_anything_refers_to_it()
    {
        using var registry = new LayoutRegistry(images.Layout);
        await ChunkedLayerTests.PullAsync(_test, registry, "1");
        var steps = new List<string>();
        AnticipatedCommit? anticipated = null;
        using DirectoryHandle directory = DirectoryHandle.Open(Directory.CreateDirectory(_directory["trees"]).FullName);
        var settings = new ImportOptions
        {
            Anticipate = commit =>
            {
                anticipated = commit;
                Assert.False(_test.Repository.HasObject(new(commit.Commit, ObjectType.Commit)));
                Assert.Single(_test.Repository.ListRefs(ImageStore.ImagePrefix));
                _test.Repository.CheckoutTree(commit.Tree, commit.Meta, directory, "early", new CheckoutOptions { Facts = commit.Facts.TryGet });
                return new Undoing(steps);
            },
        };

        PulledImage pulled = (await ChunkedLayerTests.PullAsync(_test, registry, "2", settings)).Pulled;

        Assert.Equal(pulled.Image.MergeCommit, anticipated?.Commit);
        Assert.Equal(["begun"], steps);
        _test.Repository.CheckoutTree(pulled.Image.MergeCommit, directory, "late");
        Assert.Equal(ListTree("late"), ListTree("early"));
    }

    // What a registry sends in place of what the manifest names is found out wherever it is.
    [Fact]
    public async Task Parts_that_a_registry_changes_do_not_come_into_an_image()
    {
        using (var registry = new LayoutRegistry(images.Layout))
        {
            await ChunkedLayerTests.PullAsync(_test, registry, "1");
        }

        var random = new Random(11);
        for (int round = 0; round < 10; round++)
        {
            using var liar = new LayoutRegistry(images.Layout, RangeStyle.Several, (answer, request, _) =>
            {
                if (request.Header("range") is not null && answer.Body.Length > 0)
                {
                    answer.Body[random.Next(answer.Body.Length)] ^= (byte)random.Next(1, 256);
                }

                return answer;
            });
            try
            {
                PulledImage pulled = (await ChunkedLayerTests.PullAsync(_test, liar, "2")).Pulled;
                Assert.Equal(images.Expected, CommitOf(_test, pulled));
                ImageReference reference = ImageReference.Parse(liar.Name("2"));
                ImageStore.RemoveImage(_test.Repository, reference);
                _test.Repository.SetRef(ImageStore.RefOf(pulled.Image.Manifest.Layers[0].Digest), null);
            }
            catch (RegistryException)
            {
                // The multipart message itself was damaged.
            }
        }

        Assert.Empty(_test.Repository.Fsck().Findings);
    }

    public void Dispose()
    {
        _test.Dispose();
        _directory.Dispose();
    }

    private static Checksum CommitOf(TestRepository test, PulledImage pulled) =>
        test.Repository.ResolveCommit(ImageStore.RefOf(pulled.Image.Manifest.Layers[0].Digest));

    private static void Swap(Layer layer, string key, string a, string b)
    {
        JsonNode value = layer.File(a)[key]!.DeepClone();
        layer.File(a)[key] = layer.File(b)[key]!.DeepClone();
        layer.File(b)[key] = value;
    }

    private static byte[] Compress(byte[] content)
    {
        using var compressor = new Compressor(3);
        return compressor.Wrap(content).ToArray();
    }

    private IEnumerable<string> ListTree(string name)
    {
        string root = _directory["trees/" + name];
        return Directory.EnumerateFileSystemEntries(root, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(root, path)).Order(StringComparer.Ordinal);
    }

    // What was begun, until it is disposed.
    private sealed class Undoing : IDisposable
    {
        private readonly List<string> _steps;

        public Undoing(List<string> steps)
        {
            _steps = steps;
            steps.Add("begun");
        }

        public void Dispose() => _steps.Add("taken back");
    }

    /// <summary>Two versions of an image as they should be, for all tests.</summary>
    public sealed class Images : IAsyncLifetime
    {
        private readonly TestDirectory _directory = new("hostile");

        public string Layout => _directory["image"];

        /// <summary>The commit of the layer of the second one.</summary>
        public Checksum Expected { get; private set; }

        public async ValueTask InitializeAsync()
        {
            ChunkedImage.Write(ChunkedLayerTests.MakeImage(1), "bootc", Layout, "1");
            ChunkedImage.Write(ChunkedLayerTests.MakeImage(2), "bootc", Layout, "2");
            using var test = new TestRepository();
            using var registry = new LayoutRegistry(Layout, RangeStyle.Ignored);
            Expected = CommitOf(test, (await ChunkedLayerTests.PullAsync(test, registry, "2")).Pulled);
        }

        public ValueTask DisposeAsync()
        {
            _directory.Dispose();
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>A layer taken apart, and put together again with whatever was changed; its files stay as they are.</summary>
    public sealed class Layer
    {
        private readonly byte[] _files;

        public Layer(byte[] blob, Dictionary<string, string> annotations)
        {
            Annotations = annotations;
            Chunked = ChunkedLayer.TryParse(new Descriptor { Digest = Digest.Compute(blob), Size = blob.Length, Annotations = annotations })!;
            _files = blob[..(int)(Chunked.Toc.Offset - 8)];
            Table = JsonNode.Parse(Decompress(blob, Chunked.Toc))!.AsObject();
            TarSplit = Encoding.UTF8.GetString(Decompress(blob, Chunked.TarSplit));
        }

        public Dictionary<string, string> Annotations { get; }

        public ChunkedLayer Chunked { get; }

        public JsonObject Table { get; }

        public byte[]? RawTable { get; set; }

        public string TarSplit { get; set; }

        public long? TarSplitSize { get; set; }

        public JsonArray Entries => Table["entries"]!.AsArray();

        public JsonObject File(string name) => Entries.First(entry => (string)entry!["name"]! == name && (string)entry["type"]! != "chunk")!.AsObject();

        public JsonObject Chunk(int index) => Entries.Where(entry => (string)entry!["type"]! == "chunk").ElementAt(index - 1)!.AsObject();

        public void ChangeLine(string name, Action<JsonNode> change) => TarSplit = string.Join('\n', TarSplit.Split('\n').Select(line =>
        {
            if (!line.Contains($"\"{name}\""))
            {
                return line;
            }

            JsonNode node = JsonNode.Parse(line)!;
            change(node);
            return node.ToJsonString();
        }));

        public void RemoveLine(string name) => TarSplit = string.Join('\n', TarSplit.Split('\n').Where(line => !line.Contains($"\"{name}\"")));

        /// <summary>Two headers follow each other; the content between them comes after both.</summary>
        public void JoinHeaders()
        {
            List<string> lines = [.. TarSplit.Split('\n')];
            int file = lines.FindIndex(line => line.Contains("\"usr/share/files/50\""));
            byte[] first = Convert.FromBase64String((string)JsonNode.Parse(lines[file - 1])!["payload"]!);
            byte[] second = Convert.FromBase64String((string)JsonNode.Parse(lines[file + 1])!["payload"]!);
            lines[file - 1] = $$"""{"type":2,"payload":"{{Convert.ToBase64String([.. first, .. second])}}"}""";
            lines.RemoveAt(file + 1);
            TarSplit = string.Join('\n', lines);
        }

        /// <summary>The content of a file is part of the bytes of the stream: the stream is the same, but no place of it is a file's.</summary>
        public void ContentAsBytes(string name)
        {
            JsonObject entry = File(name);
            var range = new BlobRange((long)entry["offset"]!, (long)entry["endOffset"]! - (long)entry["offset"]!);
            List<string> lines = [.. TarSplit.Split('\n')];
            int file = lines.FindIndex(line => line.Contains($"\"{name}\""));
            lines[file] = $$"""{"type":2,"payload":"{{Convert.ToBase64String(Decompress(_files, range))}}"}""";
            TarSplit = string.Join('\n', lines);
        }

        public (byte[] Blob, Dictionary<string, string> Annotations) Write()
        {
            byte[] json = Encoding.UTF8.GetBytes(Table.ToJsonString());
            byte[] table = RawTable ?? Compress(json);
            byte[] split = Encoding.UTF8.GetBytes(TarSplit);
            byte[] compressedSplit = Compress(split);
            byte[] blob = [.. _files, .. Skippable(table), .. Skippable(compressedSplit), .. Skippable(new byte[64])];
            long start = _files.Length + 8;
            Set(ChunkedLayer.TocDigestAnnotation, Digest.Compute(table).ToString());
            Set(ChunkedLayer.TocPositionAnnotation, $"{start}:{table.Length}:{Math.Max(json.Length, 10)}:1");
            Set(ChunkedLayer.TarSplitPositionAnnotation, $"{start + table.Length + 8}:{compressedSplit.Length}:{TarSplitSize ?? split.Length}");
            return (blob, Annotations);

            // Annotations that a test changed stay as it wants them.
            void Set(string key, string value)
            {
                if (Annotations.GetValueOrDefault(key) == Original[key])
                {
                    Annotations[key] = value;
                }
            }
        }

        private Dictionary<string, string> Original => field ??= new()
        {
            [ChunkedLayer.TocDigestAnnotation] = Chunked.TocDigest.ToString(),
            [ChunkedLayer.TocPositionAnnotation] = $"{Chunked.Toc.Offset}:{Chunked.Toc.Length}:{Chunked.TocSize}:1",
            [ChunkedLayer.TarSplitPositionAnnotation] = $"{Chunked.TarSplit.Offset}:{Chunked.TarSplit.Length}:{Chunked.TarSplitSize}",
        };

        private static byte[] Decompress(byte[] blob, BlobRange range)
        {
            using var stream = new DecompressionStream(new MemoryStream(blob, (int)range.Offset, (int)range.Length));
            var content = new MemoryStream();
            stream.CopyTo(content);
            return content.ToArray();
        }

        private static byte[] Skippable(byte[] content)
        {
            byte[] header = new byte[8];
            BinaryPrimitives.WriteUInt32LittleEndian(header, 0x184D2A50);
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4), content.Length);
            return [.. header, .. content];
        }
    }
}
