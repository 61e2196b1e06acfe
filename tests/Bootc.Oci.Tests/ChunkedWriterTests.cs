// Layers written with tables of contents are read by others: zstd, and containers/storage, which takes them file by file.
using System.Buffers.Binary;
using System.Formats.Tar;
using System.Text;
using System.Text.Json.Nodes;
using Bootc.Oci.Layers;
using Bootc.Oci.Layers.Chunked;
using Bootc.Oci.Model;
using Bootc.Testing;
using ZstdSharp;

namespace Bootc.Oci.Tests;

public sealed class ChunkedWriterTests : IDisposable
{
    private readonly TestDirectory _directory = new("writer");

    public static TheoryData<string> Formats => ["gnu", "posix", "ustar", "v7", "oldgnu"];

    [Fact]
    public void The_blob_is_the_tar_stream_compressed_for_whoever_does_not_know_tables()
    {
        Peer.Require("zstd");
        byte[] tar = MakeLayer().ToTar();

        (byte[] blob, WrittenLayer written) = Write(tar);

        File.WriteAllBytes(_directory["layer.zst"], blob);
        Peer.Run("zstd", "-q", "-d", _directory["layer.zst"], "-o", _directory["layer.tar"]).Succeeded();
        Assert.Equal(tar, File.ReadAllBytes(_directory["layer.tar"]));
        Assert.Equal(Digest.Compute(tar), written.DiffId);
        Assert.Equal((Digest.Compute(blob), blob.Length), (written.Descriptor.Digest, written.Descriptor.Size));
        Assert.Equal(MediaTypes.OciLayerZstd, written.Descriptor.MediaType);
        Assert.Equal(blob, Write(tar).Blob);
    }

    [Fact]
    public void The_footer_says_what_the_annotations_say()
    {
        (byte[] blob, WrittenLayer written) = Write(MakeLayer().ToTar());

        ChunkedLayer layer = ChunkedLayer.TryParse(written.Descriptor)!;

        long[] footer = [.. Enumerable.Range(0, 7).Select(i => BinaryPrimitives.ReadInt64LittleEndian(blob.AsSpan(blob.Length - 64 + (8 * i))))];
        Assert.Equal([layer.Toc.Offset, layer.Toc.Length, layer.TocSize, 1, layer.TarSplit.Offset, layer.TarSplit.Length, layer.TarSplitSize], footer);
        Assert.Equal("GNUlInUx"u8, blob.AsSpan(^8..));
        Assert.Equal(blob.Length - 72, layer.TarSplit.End);
    }

    [Fact]
    public void The_table_names_each_file_where_it_is()
    {
        OsLayer layer = MakeLayer();
        (byte[] blob, WrittenLayer written) = Write(layer.ToTar());
        ChunkedLayer chunked = ChunkedLayer.TryParse(written.Descriptor)!;

        TableOfContents table = TableOfContents.Read(blob.AsMemory((int)chunked.Toc.Offset, (int)chunked.Toc.Length), chunked, "the layer");

        Assert.Equal(["usr/bin/tool", "usr/grüße", "usr/large", "usr/zeros"], table.Files.Select(file => file.Name));
        Assert.True(table.Files[2].Chunks.Count > 5);
        Assert.Contains(table.Files[3].Chunks, chunk => chunk.IsZeros);
        foreach (TocFile file in table.Files)
        {
            byte[] content = Decompress(blob, file.Range);
            Assert.Equal((file.Size, file.Digest), (content.Length, ContentDigest.Compute(content)));
            foreach (TocChunk chunk in file.Chunks)
            {
                byte[] part = Decompress(blob, chunk.Range);
                Assert.Equal(content[(int)chunk.Offset..(int)(chunk.Offset + chunk.Size)], part);
                Assert.Equal(chunk.Digest, ContentDigest.Compute(part));
            }
        }
    }

    [Fact]
    public void A_change_in_a_large_file_changes_few_chunks()
    {
        byte[] content = new byte[8 << 20];
        new Random(1).NextBytes(content);
        TocFile before = ReadTable(new OsLayer().File("large", content)).Files[0];

        TocFile after = ReadTable(new OsLayer().File("large", [.. content[..3_000_000], .. "inserted"u8, .. content[3_000_000..]])).Files[0];

        Assert.InRange(before.Chunks.Count, 30, 150);
        Assert.InRange(after.Chunks.Select(chunk => chunk.Digest).Except(before.Chunks.Select(chunk => chunk.Digest)).Count(), 1, 3);
    }

    // Go's standard library says so (hash/crc64, the ISO table).
    [Fact]
    public void The_checksum_of_content_is_that_of_tar_split()
    {
        var crc = new Crc64();
        crc.Append("1234"u8);
        crc.Append("56789"u8);
        Assert.Equal(0xB90956C775A41001, crc.Value);
    }

    [Theory]
    [InlineData("1700000000", "2023-11-14T22:13:20Z")]
    [InlineData("1700000000.5", "2023-11-14T22:13:20.5Z")]
    [InlineData("1700000000.123456789999", "2023-11-14T22:13:20.123456789Z")]
    [InlineData("-1.25", "1969-12-31T23:59:58.75Z")]
    [InlineData("0", "1970-01-01T00:00:00Z")]
    public void Times_are_told_to_the_nanosecond(string pax, string told) => Assert.Equal(told, TarTime.Parse(pax).ToString());

    [Theory]
    [MemberData(nameof(Formats))]
    public void Skopeo_takes_layers_of_every_tar_format_file_by_file(string format)
    {
        Oracle.Require();
        Peer.Require("tar", "setfattr");
        string tree = _directory["tree"];
        Directory.CreateDirectory(Path.Combine(tree, "usr", "bin"));
        _directory.Write("tree/usr/bin/tool", "#!/bin/sh\n");
        File.WriteAllBytes(Path.Combine(tree, "usr/large"), Noise(700_000));
        File.WriteAllText(Path.Combine(tree, "usr/empty"), "");
        File.CreateSymbolicLink(Path.Combine(tree, "usr/link"), "bin/tool");
        Peer.Run("sh", "-c", $"cd {tree}/usr && ln bin/tool hard {(format == "v7" ? "" : "&& mkfifo pipe")} && chmod 4755 bin/tool && touch -d @1700000000.123456789 bin/tool").Succeeded();
        if (format is not ("v7" or "ustar"))
        {
            Peer.Run("touch", "-d", "@-5", Path.Combine(tree, "usr/empty")).Succeeded();
            string deep = Path.Combine(tree, string.Join('/', Enumerable.Repeat(new string('d', 60), 4)));
            Directory.CreateDirectory(deep);
            File.WriteAllText(Path.Combine(deep, "grüße"), "x");
        }

        List<string> options = ["--format=" + format, "--owner=0", "--group=0", "--sort=name"];
        if (format == "posix")
        {
            Peer.Run("setfattr", "-n", "user.comment", "-v", "a value", Path.Combine(tree, "usr/large")).Succeeded();
            options.Add("--xattrs");
        }

        Peer.Run("tar", [.. options, "-C", tree, "-cf", _directory["layer.tar"], "."]).Succeeded();

        AssertSkopeoTakes(File.ReadAllBytes(_directory["layer.tar"]));
    }

    [Fact]
    public void Skopeo_takes_a_layer_with_devices_whiteouts_and_odd_names()
    {
        Oracle.Require();

        AssertSkopeoTakes(MakeLayer()
            .Add(new PaxTarEntry(TarEntryType.CharacterDevice, "usr/null") { DeviceMajor = 1, DeviceMinor = 3, ModificationTime = DateTimeOffset.UnixEpoch })
            .Directory("var").Whiteout("var/gone").OpaqueWhiteout("var/cleared")
            .Directory("quotes \"<&>'\\\u2028").File("quotes \"<&>'\\\u2028/\u0001", "x").ToTar());
    }

    [Fact]
    public void What_a_table_cannot_tell_is_refused()
    {
        byte[] tar = new OsLayer().File("file", "content").ToTar();
        byte[] damaged = [.. tar];
        damaged[0] ^= 1;
        Refuses(damaged, "checksum");
        Refuses(tar[..700], "cut off");
        Refuses(tar[..1540], "ends within");
        Refuses(Encoding.ASCII.GetBytes(new string('x', 2000)), "malformed");
        Refuses(new OsLayer().Add(new PaxGlobalExtendedAttributesTarEntry(new Dictionary<string, string> { ["comment"] = "x" })).File("file", "x").ToTar(), "type 'g'");
        Refuses(new OsLayer().File("file", "x", attributes: null).Add(new PaxTarEntry(TarEntryType.RegularFile, "sparse", new Dictionary<string, string> { ["GNU.sparse.major"] = "1", ["GNU.sparse.minor"] = "0" })).ToTar(), "sparse");

        static void Refuses(byte[] tar, string why) => Assert.Contains(why, Assert.Throws<LayerFormatException>(() => Write(tar)).Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10_240)]
    public void A_layer_without_entries_is_a_layer(int size)
    {
        (byte[] blob, WrittenLayer written) = Write(new byte[size]);

        using Stream tar = LayerStream.OpenTar(new MemoryStream(blob), written.DiffId, "the layer");
        var content = new MemoryStream();
        tar.CopyTo(content);

        Assert.Equal(new byte[size], content.ToArray());
        Assert.Empty(ReadTable(new OsLayer()).Files);
    }

    public void Dispose() => _directory.Dispose();

    private static OsLayer MakeLayer() => new OsLayer()
        .Directory("usr").Directory("usr/bin").File("usr/bin/tool", "#!/bin/sh\necho hello\n", mode: 0x9ED, uid: 5, gid: 6)
        .File("usr/empty", "").SymbolicLink("usr/link", "bin/tool").HardLink("usr/hard", "usr/bin/tool")
        .File("usr/grüße", "x", attributes: new Dictionary<string, string> { ["user.comment"] = "a value", ["user.empty"] = "" })
        .File("usr/large", Noise(1_500_000)).File("usr/zeros", new byte[2_000_000]);

    private static byte[] Noise(int size)
    {
        byte[] content = new byte[size];
        new Random(size).NextBytes(content);
        return content;
    }

    private static (byte[] Blob, WrittenLayer Written) Write(byte[] tar)
    {
        var blob = new MemoryStream();
        WrittenLayer written = ChunkedLayerWriter.Write(new MemoryStream(tar), blob);
        return (blob.ToArray(), written);
    }

    private static TableOfContents ReadTable(OsLayer layer)
    {
        (byte[] blob, WrittenLayer written) = Write(layer.ToTar());
        ChunkedLayer chunked = ChunkedLayer.TryParse(written.Descriptor)!;
        return TableOfContents.Read(blob.AsMemory((int)chunked.Toc.Offset, (int)chunked.Toc.Length), chunked, "the layer");
    }

    private static byte[] Decompress(byte[] blob, BlobRange range)
    {
        using var stream = new DecompressionStream(new MemoryStream(blob, (int)range.Offset, (int)range.Length));
        var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }

    // With partial pulls, containers/storage creates files by the table alone, compares all of it with the headers in the tar-split,
    // and checks each content; what it gives out again is put together by the tar-split.
    private void AssertSkopeoTakes(byte[] tar)
    {
        string layout = _directory["image"];
        (byte[] blob, WrittenLayer written) = Write(tar);
        WriteImage(layout, blob, written);
        using var registry = new LayoutRegistry(layout);
        string configuration = _directory.Write("storage.conf", $"""
            [storage]
            driver = "overlay"
            graphroot = "{_directory["store"]}"
            runroot = "{_directory["run"]}"
            [storage.options]
            pull_options = {"{enable_partial_images = \"true\"}"}
            """);

        CommandResult copied = Oracle.Run(
            "env", $"CONTAINERS_STORAGE_CONF={configuration}", "skopeo", "--debug", "--insecure-policy", "copy", "--src-tls-verify=false", registry.Name("1"), "containers-storage:example.com/os/image:1");
        Assert.SkipWhen(copied.Error.Contains("overlay is not supported"), "skopeo cannot keep images as overlays here");
        copied.Succeeded();

        Assert.Contains("Created zstd:chunked differ", copied.Error);
        Assert.DoesNotContain(registry.Requests, request => request.Path.EndsWith(written.Descriptor.Digest.ToString(), StringComparison.Ordinal) && request.Header("range") is null);
        Oracle.Run("env", $"CONTAINERS_STORAGE_CONF={configuration}", "skopeo", "--insecure-policy", "copy", "-q", "--dest-decompress", "containers-storage:example.com/os/image:1", $"dir:{_directory["back"]}").Succeeded();
        Assert.Equal(tar, File.ReadAllBytes(Path.Combine(_directory["back"], written.DiffId.Hex)));
    }

    private static void WriteImage(string layout, byte[] blob, WrittenLayer written)
    {
        new OsImage().AddLayer(new OsLayer()).WriteTo(layout, "1");
        JsonNode index = JsonNode.Parse(File.ReadAllText(Path.Combine(layout, "index.json")))!;
        JsonNode entry = index["manifests"]![0]!;
        JsonNode manifest = JsonNode.Parse(File.ReadAllText(PathOf((string)entry["digest"]!)))!;
        JsonNode config = JsonNode.Parse(File.ReadAllText(PathOf((string)manifest["config"]!["digest"]!)))!;
        config["rootfs"]!["diff_ids"]![0] = written.DiffId.ToString();
        manifest["layers"]![0]!["digest"] = Put(blob);
        manifest["layers"]![0]!["size"] = blob.Length;
        manifest["layers"]![0]!["mediaType"] = written.Descriptor.MediaType;
        manifest["layers"]![0]!["annotations"] = new JsonObject(written.Descriptor.Annotations!.Select(pair => KeyValuePair.Create<string, JsonNode?>(pair.Key, pair.Value)));
        byte[] configBytes = Encoding.UTF8.GetBytes(config.ToJsonString());
        manifest["config"]!["digest"] = Put(configBytes);
        manifest["config"]!["size"] = configBytes.Length;
        byte[] manifestBytes = Encoding.UTF8.GetBytes(manifest.ToJsonString());
        entry["digest"] = Put(manifestBytes);
        entry["size"] = manifestBytes.Length;
        File.WriteAllText(Path.Combine(layout, "index.json"), index.ToJsonString());

        string PathOf(string digest) => Path.Combine(layout, "blobs", digest.Replace(':', '/'));

        string Put(byte[] content)
        {
            string digest = Digest.Compute(content).ToString();
            File.WriteAllBytes(PathOf(digest), content);
            return digest;
        }
    }
}
