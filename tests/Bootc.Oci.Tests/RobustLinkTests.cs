// Links that are slow and break, and runs that end before a blob is there.
using Bootc.Oci.Model;
using Bootc.Testing;

namespace Bootc.Oci.Tests;

public sealed class RobustLinkTests : IDisposable
{
    private readonly TestDirectory _directory = new("link");

    public void Dispose() => _directory.Dispose();

    // 20 MB/s, and of 100 blocks of 64 KiB one breaks the connection.
    [Fact]
    public async Task A_bad_link_costs_few_bytes_more_than_a_good_one()
    {
        using var registry = new RealRegistry(_directory);
        Descriptor layer = await PublishAsync(registry, 40_000_000);
        using var link = new FaultyLink(registry.Address) { BytesPerSecond = 20_000_000, BreakOneIn = 100 };

        byte[] content = await ReadAsync(link, layer, Options with { Attempts = 3 });

        Assert.Equal(layer.Size, content.Length);
        Assert.True(link.Broken >= 3, $"only {link.Broken} connections broke");
        Assert.True(link.Received < layer.Size * 1.05, $"{link.Received} bytes came for {layer.Size}, with {link.Broken} broken connections");
    }

    [Theory]
    [InlineData(0.2)]
    [InlineData(0.9)]
    public async Task A_run_takes_up_what_the_one_before_kept(double part)
    {
        using var registry = new RealRegistry(_directory);
        Descriptor layer = await PublishAsync(registry, 20_000_000);
        using var link = new FaultyLink(registry.Address);
        OciOptions options = Options with { PartialBlobs = _directory["partial"], KeepPartialAfter = TimeSpan.Zero };
        Directory.CreateDirectory(_directory["partial"]);
        int read = (int)(layer.Size * part);
        byte[] first = new byte[read];
        await using (IImageSource source = Open(link, options))
        {
            await using Stream blob = await source.OpenBlobAsync(layer, null, default);
            await blob.ReadExactlyAsync(first); // and then the run is killed
        }

        link.Reset();
        long reported = 0;
        byte[] content = await ReadAsync(link, layer, options, new Told(bytes => reported = bytes));

        Assert.Equal(layer.Digest, Digest.Compute(content));
        Assert.Equal(layer.Size, reported);
        Assert.True(link.Received < layer.Size - read + 100_000, $"{link.Received} bytes came, and {read} of {layer.Size} were there");
        Assert.Empty(Directory.GetFileSystemEntries(_directory["partial"]));
    }

    [Fact]
    public async Task What_is_there_already_whole_is_not_asked_for()
    {
        using var registry = new RealRegistry(_directory);
        Descriptor layer = await PublishAsync(registry, 20_000_000);
        using var link = new FaultyLink(registry.Address);
        OciOptions options = Options with { PartialBlobs = Directory.CreateDirectory(_directory["partial"]).FullName };
        File.WriteAllBytes(PartialPath(layer), await ReadAsync(link, layer, Options));
        link.Reset();

        byte[] content = await ReadAsync(link, layer, options);

        Assert.Equal((layer.Digest, 0L), (Digest.Compute(content), link.Received));
    }

    [Fact]
    public async Task What_was_kept_and_is_damaged_is_told_and_dropped()
    {
        using var registry = new RealRegistry(_directory);
        Descriptor layer = await PublishAsync(registry, 20_000_000);
        using var link = new FaultyLink(registry.Address);
        OciOptions options = Options with { PartialBlobs = Directory.CreateDirectory(_directory["partial"]).FullName };
        File.WriteAllBytes(PartialPath(layer), new byte[1_000_000]); // as a crash may leave it

        DigestMismatchException e = await Assert.ThrowsAsync<DigestMismatchException>(() => ReadAsync(link, layer, options));
        byte[] content = await ReadAsync(link, layer, options);

        Assert.Contains("together with what a run before kept of it", e.Message);
        Assert.Equal(layer.Digest, Digest.Compute(content));
    }

    [Fact]
    public async Task What_comes_fast_is_not_kept()
    {
        using var registry = new RealRegistry(_directory);
        Descriptor layer = await PublishAsync(registry, 40_000_000);
        using var link = new FaultyLink(registry.Address);
        OciOptions options = Options with { PartialBlobs = Directory.CreateDirectory(_directory["partial"]).FullName };
        await using IImageSource source = Open(link, options);
        await using Stream blob = await source.OpenBlobAsync(layer, null, default);

        await blob.ReadExactlyAsync(new byte[20_000_000]);

        Assert.Empty(Directory.GetFileSystemEntries(_directory["partial"]));
    }

    [Fact]
    public async Task No_more_connections_are_opened_than_wanted()
    {
        using var registry = new RealRegistry(_directory);
        Descriptor layer = await PublishAsync(registry, 1_000_000);
        using var link = new FaultyLink(registry.Address) { BytesPerSecond = 20_000_000 };
        await using IImageSource source = Open(link, Options with { ConnectionsPerHost = 2 });
        await source.FetchManifestAsync(Platform.Current, default); // and find out that there is no TLS
        await Task.Delay(200); // until both sides have closed that connection
        link.Reset();

        await Parallel.ForAsync(0, 12, new ParallelOptions { MaxDegreeOfParallelism = 12 }, async (_, stop) =>
        {
            await using Stream blob = await source.OpenBlobAsync(layer, null, stop);
            await blob.CopyToAsync(Stream.Null, stop);
        });

        Assert.Equal(2, link.MostOpen);
    }

    private OciOptions Options => new() { Root = _directory["root"], AuthFile = _directory["auth.json"], Attempts = 3, FirstDelay = TimeSpan.FromMilliseconds(5) };

    private string PartialPath(Descriptor layer) => _directory[$"partial/bootc-partial-{layer.Digest.Hex}"];

    private async Task<Descriptor> PublishAsync(RealRegistry registry, int size)
    {
        byte[] content = new byte[size];
        new Random(size).NextBytes(content);
        WrittenImage image = OsImage.Create().AddLayer(layer => layer.File("usr/large", content)).WriteTo(_directory["image"]);
        await using IImageSource source = ImageSources.Open(ImageReference.Parse(image.Reference));
        await new ImagePush(source, RegistryReference.Parse($"{registry.Address}/os/image:1"), Options).RunAsync(null, default);
        return (await source.FetchManifestAsync(Platform.Current, default)).Manifest.Layers[^1];
    }

    private static IImageSource Open(FaultyLink link, OciOptions options) => ImageSources.Open(ImageReference.Parse($"docker://{link.Address}/os/image:1"), options);

    private static async Task<byte[]> ReadAsync(FaultyLink link, Descriptor layer, OciOptions options, IProgress<long>? progress = null)
    {
        await using IImageSource source = Open(link, options);
        await using Stream blob = await source.OpenBlobAsync(layer, progress, default);
        var content = new MemoryStream();
        await blob.CopyToAsync(content);
        return content.ToArray();
    }

    private sealed class Told(Action<long> tell) : IProgress<long>
    {
        public void Report(long value) => tell(value);
    }
}
