// Documents and blobs that are made to hurt: refused with a reason, before they take memory or disk.
using System.IO.Compression;
using System.Text;
using Bootc.Oci.Layers;
using Bootc.Oci.Layers.Chunked;
using Bootc.Oci.Model;
using Bootc.Oci.Registry;
using Bootc.Oci.Transports;
using Bootc.Testing;
using ZstdSharp;

namespace Bootc.Oci.Tests;

public sealed class HostileInputTests : IDisposable
{
    private const string Hex = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    private readonly TestDirectory _directory = new("hostile");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_manifest_that_claims_ten_gigabytes_is_not_read()
    {
        using var server = new ScriptedServer(request => request.Path.Contains("/manifests/", StringComparison.Ordinal)
            ? new ScriptedAnswer(200, new byte[1000]) { BreakAfter = 1000 }.With("Content-Length", "10000000000").With("Content-Type", MediaTypes.OciManifest)
            : new ScriptedAnswer(200));

        ManifestException e = await Assert.ThrowsAsync<ManifestException>(() => FetchAsync(server));

        Assert.Contains("has 10000000000 bytes, and at most 4194304 are expected", e.Message);
        Assert.Single(server.Requests, request => request.Path.Contains("/manifests/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_manifest_that_has_no_end_is_read_no_further_than_manifests_go()
    {
        using var server = new ScriptedServer(request => request.Path.Contains("/manifests/", StringComparison.Ordinal)
            ? new ScriptedAnswer(200, Encoding.ASCII.GetBytes("500000\r\n" + new string(' ', 0x500000) + "\r\n")) { Stalls = true }
                .With("Content-Length", "").With("Transfer-Encoding", "chunked").With("Content-Type", MediaTypes.OciManifest)
            : new ScriptedAnswer(200));

        OciException e = await Assert.ThrowsAnyAsync<OciException>(() => FetchAsync(server));

        Assert.Contains("4194304", e.Message);
    }

    [Fact]
    public async Task A_configuration_that_claims_ten_gigabytes_is_not_fetched()
    {
        using var server = new ScriptedServer(_ => new ScriptedAnswer(200));
        await using IImageSource source = ImageSources.Open(ImageReference.Parse($"docker://{server.Address}/os:1"), Options);

        ManifestException e = await Assert.ThrowsAsync<ManifestException>(() => source.FetchSmallBlobAsync(new Descriptor { Digest = Digest.Parse($"sha256:{Hex}"), Size = 10_000_000_000 }, ImageConfig.MaximumSize, default));

        Assert.Contains("has 10000000000 bytes", e.Message);
        Assert.Empty(server.Requests);
    }

    [Theory]
    [InlineData("{\"layers\":[],\"layers\":[],\"config\":{\"digest\":\"sha256:HEX\",\"size\":1}}", "layers")]
    [InlineData("{\"config\":{\"digest\":\"sha256:HEX\",\"size\":1,\"size\":2},\"layers\":[]}", "size")]
    [InlineData("{\"config\":{\"digest\":\"sha256:HEX\",\"size\":1},\"layers\":[],\"manifests\":[]}", "an image and an index at once")]
    [InlineData("{\"schemaVersion\":2,\"config\":{\"digest\":\"sha256:HEX\",\"size\":1},\"layers\":[null]}", "null where a descriptor belongs")]
    [InlineData("{\"schemaVersion\":2,\"config\":{\"digest\":\"sha256:HEX\",\"size\":1},\"layers\":[{\"digest\":\"sha256:HEX\",\"size\":-1}]}", "the size -1")]
    [InlineData("{\"schemaVersion\":2,\"config\":{\"digest\":\"sha256:HEX\",\"size\":1},\"layers\":[{\"digest\":\"sha256:HEX\",\"size\":99999999999999999999}]}", "malformed")]
    [InlineData("{\"manifests\":[null]}", "null where a descriptor belongs")]
    [InlineData("{\"mediaType\":\"\\ud800\",\"config\":{\"digest\":\"sha256:HEX\",\"size\":1},\"layers\":[]}", "no JSON")]
    [InlineData("DEEP", "no JSON")]
    public async Task A_manifest_that_readers_could_take_for_different_things_is_refused(string manifest, string reason)
    {
        string text = manifest == "DEEP" ? new string('[', 1_000_000) : manifest.Replace("HEX", Hex);
        _directory.Write("image/manifest.json", text);
        await using IImageSource source = ImageSources.Open(ImageReference.Parse($"dir:{_directory["image"]}"));

        ManifestException e = await Assert.ThrowsAsync<ManifestException>(() => source.FetchManifestAsync(Platform.Current, default));

        Assert.Contains(reason, e.Message);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_few_bytes_that_become_very_many_are_read_up_to_a_limit(bool isZstd)
    {
        var blob = new MemoryStream();
        using (Stream compressor = isZstd ? new CompressionStream(blob, 3, leaveOpen: true) : new GZipStream(blob, CompressionLevel.Fastest, leaveOpen: true))
        {
            for (int i = 0; i < 200; i++)
            {
                compressor.Write(new byte[1 << 20]);
            }
        }

        blob.Position = 0;
        using var bomb = new DecompressingStream(blob, "the layer", limit: 100 << 20);
        long total = 0;
        byte[] buffer = new byte[1 << 16];
        LayerFormatException e = Assert.Throws<LayerFormatException>(() =>
        {
            for (int count; (count = bomb.Read(buffer, 0, buffer.Length)) > 0; total += count)
            {
            }
        });

        Assert.InRange(total, 90 << 20, 100 << 20);
        Assert.Contains("the layer has more than 104857600 bytes", e.Message);
    }

    [Theory]
    [InlineData("? &a [*a]\n: 1", "the key of a mapping is no text")]
    [InlineData("? &a {k: *a}\n: 1", "the key of a mapping is no text")]
    [InlineData("docker: &a {x: *a}", "the alias '*a' stands before the end of what it names")]
    public void Settings_of_signatures_that_contain_themselves_are_refused(string text, string message)
    {
        string path = _directory.Write("root/etc/containers/registries.d/it.yaml", text);

        Assert.Equal($"{path} is malformed at line 1: {message}", Assert.Throws<OciException>(() => RegistriesD.Load(Options)).Message);
    }

    [Fact]
    public void A_table_of_contents_has_no_more_bytes_than_the_manifest_says()
    {
        byte[] bomb = new Compressor(3).Wrap(Encoding.ASCII.GetBytes("{\"version\":1,\"entries\":[" + new string(' ', 100 << 20))).ToArray();
        var layer = new ChunkedLayer(Digest.Compute(bomb), new BlobRange(100, bomb.Length), 1000, new BlobRange(200 + bomb.Length, 10), 10);
        long before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Throws<LayerFormatException>(() => TableOfContents.Read(bomb, layer, "the layer"));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 << 20);
    }

    [Fact]
    public void Headers_of_a_tar_stream_that_never_come_to_an_entry_are_bounded()
    {
        byte[] tar = new OsLayer().File("file", "x", attributes: new Dictionary<string, string> { ["user.a"] = new string('x', 900_000) }).ToTar();
        int size = Convert.ToInt32(Encoding.ASCII.GetString(tar, 124, 11), 8);
        byte[] header = tar[..(512 + ((size + 511) / 512 * 512))];
        byte[] endless = [.. Enumerable.Repeat(header, 8).SelectMany(each => each)];

        LayerFormatException e = Assert.Throws<LayerFormatException>(() => ChunkedLayerWriter.Write(new MemoryStream(endless), Stream.Null));

        Assert.Contains("for one entry", e.Message);
    }

    [Theory]
    [InlineData("x", "an extended header has 104857600 bytes")]
    [InlineData("L", "an extended header has 104857600 bytes")]
    [InlineData("K", "an extended header has 104857600 bytes")]
    public void An_archive_with_a_header_of_a_hundred_megabytes_takes_little_memory(string type, string told)
    {
        string archive = WriteArchive("image.tar", TarHeader("header", type[0], Octal(100 << 20)));
        using (FileStream file = File.OpenWrite(archive))
        {
            file.SetLength(200 << 20);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();

        AssertDamaged(archive, told);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void An_archive_with_a_file_that_is_larger_than_itself_is_named()
    {
        byte[] record = "19 size=3221225472\n"u8.ToArray();
        byte[] sized = [.. TarHeader("header", 'x', Octal(record.Length)), .. record, .. new byte[512 - record.Length], .. TarHeader("file", '0', Octal(0)), .. new byte[1024]];

        AssertDamaged(WriteArchive("pax.tar", sized), "it ends within 'file'");
        AssertDamaged(WriteArchive("binary.tar", [.. TarHeader("file", '0', [0x80, 0, 0, 0, 0x7f, .. Enumerable.Repeat((byte)0xff, 7)]), .. new byte[1024]]), "it ends within 'file'");
        AssertDamaged(WriteArchive("other.tar", [.. TarHeader("file", 'g', [0x80, 0, 0, 0, 0x7f, .. Enumerable.Repeat((byte)0xff, 7)]), .. new byte[1024]]), "ends within a file");
    }

    private void AssertDamaged(string archive, string told)
    {
        ManifestException e = Assert.Throws<ManifestException>(() => new ArchiveLayout(archive, _directory.Path));

        Assert.StartsWith($"{archive} is no tar file, or a damaged one: ", e.Message);
        Assert.Contains(told, e.Message);
    }

    private string WriteArchive(string name, byte[] content)
    {
        string path = _directory[name];
        File.WriteAllBytes(path, content);
        return path;
    }

    private static byte[] Octal(long number) => Encoding.ASCII.GetBytes(Convert.ToString(number, 8).PadLeft(11, '0') + "\0");

    private static byte[] TarHeader(string name, char type, byte[] size)
    {
        byte[] header = new byte[512];
        Encoding.ASCII.GetBytes(name).CopyTo(header, 0);
        size.CopyTo(header, 124);
        header[156] = (byte)type;
        "ustar\000"u8.CopyTo(header.AsSpan(257));
        header.AsSpan(148, 8).Fill((byte)' ');
        Encoding.ASCII.GetBytes(Convert.ToString(header.Sum(value => value), 8).PadLeft(6, '0') + "\0").CopyTo(header, 148);
        return header;
    }

    private OciOptions Options => new() { Root = _directory["root"], AuthFile = _directory["auth.json"], Attempts = 2, FirstDelay = TimeSpan.FromMilliseconds(1), StallTimeout = TimeSpan.FromSeconds(5) };

    private async Task<ResolvedManifest> FetchAsync(ScriptedServer server)
    {
        await using IImageSource source = ImageSources.Open(ImageReference.Parse($"docker://{server.Address}/os:1"), Options);
        return await source.FetchManifestAsync(Platform.Current, default);
    }
}
