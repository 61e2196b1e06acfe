// Layers in every compression, whole, damaged and cut off.
using System.IO.Compression;
using Bootc.Oci.Layers;
using Bootc.Oci.Model;
using Xunit;
using ZstdSharp;

namespace Bootc.Oci.Tests;

public sealed class LayerStreamTests
{
    private static readonly byte[] Content = MakeContent();

    public static TheoryData<string> Compressions => ["none", "gzip", "gzip of several members", "zstd", "zstd of several frames", "zstd after a skippable frame", "empty gzip"];

    [Theory]
    [MemberData(nameof(Compressions))]
    public void The_first_bytes_tell_the_compression(string compression)
    {
        (byte[] blob, byte[] expected) = Compress(compression);

        Assert.Equal(expected, Read(blob, Digest.Compute(expected)));
    }

    [Theory]
    [MemberData(nameof(Compressions))]
    public void A_blob_cut_off_anywhere_gives_an_error_or_all_of_the_layer(string compression)
    {
        (byte[] blob, byte[] expected) = Compress(compression);
        foreach (int length in (int[])[0, 1, 3, blob.Length / 3, blob.Length / 2, blob.Length - 9, blob.Length - 1])
        {
            if (length < 0 || length >= blob.Length)
            {
                continue;
            }

            // A checksum at the end may be missing: the layer is whole then, and the blob's own digest tells.
            try
            {
                Assert.Equal(expected, Read(blob[..length], Digest.Compute(expected)));
                Assert.InRange(blob.Length - length, 1, compression == "empty gzip" ? blob.Length : 9);
            }
            catch (LayerFormatException e)
            {
                Assert.Contains("the layer", e.Message);
            }
        }
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("zstd")]
    [InlineData("none")]
    public void A_changed_byte_is_an_error(string compression)
    {
        (byte[] blob, byte[] expected) = Compress(compression);
        var random = new Random(9);
        for (int round = 0; round < 30; round++)
        {
            byte[] bad = [.. blob];
            // From the tenth byte on: what stands before, such as the time in a gzip header, may change without effect.
            bad[random.Next(10, bad.Length)] ^= (byte)(1 << random.Next(8));

            try
            {
                Assert.Equal(expected, Read(bad, Digest.Compute(expected)));
            }
            catch (LayerFormatException e)
            {
                Assert.Contains("the layer", e.Message);
            }
        }
    }

    [Fact]
    public void Another_layer_is_told_by_its_diff_id()
    {
        (byte[] blob, _) = Compress("gzip");

        LayerFormatException e = Assert.Throws<LayerFormatException>(() => Read(blob, Digest.Compute("other"u8)));

        Assert.Contains("diff-id", e.Message);
    }

    [Fact]
    public void Reading_may_stop_anywhere()
    {
        (byte[] blob, byte[] expected) = Compress("gzip");
        foreach (int stop in (int[])[0, 1, 100_000, 3_000_000])
        {
            using Stream tar = LayerStream.OpenTar(new MemoryStream(blob), Digest.Compute(expected), "the layer");
            tar.ReadExactly(new byte[stop]);
        }
    }

    [Fact]
    public async Task Reading_ends_when_it_is_told_to()
    {
        using var stop = new CancellationTokenSource();
        await using Stream tar = LayerStream.OpenTar(new EndlessStream(), null, "the layer", stop.Token);
        byte[] buffer = new byte[1000];
        tar.ReadExactly(buffer);
        stop.Cancel();

        Task read = Task.Run(() =>
        {
            while (tar.Read(buffer) > 0)
            {
            }
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    private static byte[] Read(byte[] blob, Digest diffId)
    {
        using Stream tar = LayerStream.OpenTar(new MemoryStream(blob), diffId, "the layer");
        var content = new MemoryStream();
        tar.CopyTo(content);
        return content.ToArray();
    }

    private static (byte[] Blob, byte[] Content) Compress(string compression) => compression switch
    {
        "gzip" => (Gzip(Content), Content),
        "gzip of several members" => ([.. Gzip(Content[..1_000_000]), .. Gzip(Content[1_000_000..])], Content),
        "zstd" => (Zstd(Content), Content),
        "zstd of several frames" => ([.. Zstd(Content[..1_000_000]), .. Zstd(Content[1_000_000..])], Content),
        "zstd after a skippable frame" => ([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4, .. Zstd(Content)], Content),
        "empty gzip" => (Gzip([]), []),
        _ => (Content, Content),
    };

    private static byte[] Gzip(byte[] content)
    {
        var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest))
        {
            gzip.Write(content);
        }

        // The class writes nothing at all for nothing.
        return compressed.ToArray() is { Length: > 0 } bytes ? bytes : [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    }

    private static byte[] Zstd(byte[] content)
    {
        using var compressor = new Compressor(3);
        return compressor.Wrap(content).ToArray();
    }

    private static byte[] MakeContent()
    {
        byte[] content = new byte[5_000_000];
        new Random(1).NextBytes(content.AsSpan(0, 2_000_000));
        return content;
    }

    private sealed class EndlessStream : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => 0; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => count;

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
