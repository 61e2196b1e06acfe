// Tar streams of every dialect give the same entries, and damaged ones one error.
using System.Diagnostics;
using Bootc.Import.Tar;
using Bootc.Testing;
using Xunit;

namespace Bootc.Import.Tests;

public sealed class TarReaderTests
{
    private static readonly string LongName = string.Join('/', Enumerable.Repeat(new string('n', 60), 4));

    public static TheoryData<string, string[]> Dialects => new()
    {
        { "gnu", ["--format=gnu"] },
        { "oldgnu", ["--format=oldgnu"] },
        { "pax", ["--format=pax"] },
        { "pax with sparse files 0.0", ["--format=pax", "--sparse", "--sparse-version=0.0"] },
        { "pax with sparse files 0.1", ["--format=pax", "--sparse", "--sparse-version=0.1"] },
        { "pax with sparse files 1.0", ["--format=pax", "--sparse", "--sparse-version=1.0"] },
        { "gnu with sparse files", ["--format=gnu", "--sparse"] },
    };

    [Theory]
    [MemberData(nameof(Dialects))]
    public void Every_dialect_of_GNU_tar_gives_the_same_entries(string dialect, string[] options)
    {
        Peer.Require("tar");
        using var directory = new TestDirectory();
        MakeTree(directory["tree"]);
        string[] common = ["--create", "--sort=name", "--owner=1000", "--group=2097152", "-C", directory["tree"], "."];
        Peer.Run("tar", ["--format=pax", "--file", directory["expected.tar"], .. common]).Succeeded();
        Peer.Run("tar", [.. options, "--file", directory["actual.tar"], .. common]).Succeeded();

        string[] actual = TarListing.Of(directory["actual.tar"]);

        Assert.Equal(TarListing.Of(directory["expected.tar"]), actual);
        Assert.Contains(actual, line => line.StartsWith($"./{LongName}/file|RegularFile|644|1000:2097152|5||", StringComparison.Ordinal));
        Assert.Contains(actual, line => line.StartsWith("./sparse|RegularFile|644|1000:2097152|9000005|", StringComparison.Ordinal));
        Assert.Contains(actual, line => line.StartsWith("./hard|HardLink|", StringComparison.Ordinal));
        Assert.Contains(actual, line => line.StartsWith($"./symbolic|SymbolicLink|777|1000:2097152|0|{LongName}/target", StringComparison.Ordinal));
        Assert.Contains(actual, line => line.StartsWith("./grüße-日本語|RegularFile", StringComparison.Ordinal));
        Assert.NotEmpty(dialect);
    }

    [Fact]
    public void Attributes_come_through_as_bytes()
    {
        Peer.RequireRoot("security attributes");
        Peer.Require("tar", "setfattr", "setcap", "setfacl");
        using var directory = new TestDirectory();
        string file = directory.Write("tree/file", "content");
        Peer.Run("setcap", "cap_net_bind_service+ep", file).Succeeded();
        Peer.Run("setfattr", "-n", "user.binary", "-v", "0x00ff0a3d", file).Succeeded();
        Peer.Run("setfacl", "-m", "u:1234:rw", file).Succeeded();
        Peer.Run("tar", "--create", "--xattrs", "--xattrs-include=*", "--acls", "--file", directory["a.tar"], "-C", directory["tree"], "file").Succeeded();

        string line = Assert.Single(TarListing.Of(directory["a.tar"]));

        Assert.Contains("security.capability=0100000200040000000000000000000000000000", line);
        Assert.Contains("user.binary=00ff0a3d", line);
    }

    [Fact]
    public void Extensions_count_for_the_next_entry_only_and_global_ones_for_all()
    {
        byte[] tar = new OsLayer().File("first", "1", attributes: new Dictionary<string, string> { ["user.only"] = "first" }).File("second", "2").ToTar();

        Assert.Equal(
            ["first|RegularFile|644|0:0|1||user.only=6669727374|6b86b273ff34fce1", "second|RegularFile|644|0:0|1|||d4735e3a265e16ee"],
            TarListing.Of(new MemoryStream(tar)));
    }

    [Fact]
    public void A_stream_that_gives_a_byte_at_a_time_is_read_the_same()
    {
        byte[] tar = OsImage.Create().Layers[0].ToTar();

        Assert.Equal(TarListing.Of(new MemoryStream(tar)), TarListing.Of(new SlowStream(tar)));
    }

    [Fact]
    public void A_stream_cut_off_anywhere_is_an_error()
    {
        byte[] tar = new OsLayer().File(LongName + "/file", "content", attributes: new Dictionary<string, string> { ["user.a"] = "b" }).Directory("directory").ToTar();
        int end = tar.Length - 1024;
        for (int length = 1; length < end; length += 37)
        {
            if (length % 512 == 0 && IsBetweenEntries(tar, length))
            {
                continue;
            }

            TarFormatException e = Assert.Throws<TarFormatException>(() => TarListing.Of(new MemoryStream(tar, 0, length)));
            Assert.Contains("the layer", e.Message);
        }
    }

    [Fact]
    public void Damaged_streams_end_with_the_one_error_and_soon()
    {
        Peer.Require("tar");
        using var directory = new TestDirectory();
        MakeTree(directory["tree"]);
        byte[][] samples =
        [
            OsImage.Create().Layers[0].ToTar(),
            MakeTar(directory, "--format=gnu", "--sparse"),
            MakeTar(directory, "--format=pax", "--sparse", "--sparse-version=0.1"),
            MakeTar(directory, "--format=pax", "--sparse", "--sparse-version=1.0"),
        ];
        var random = new Random(7);
        var watch = Stopwatch.StartNew();
        long before = GC.GetTotalAllocatedBytes();
        int refused = 0;
        for (int round = 0; round < 3000; round++)
        {
            byte[] tar = [.. samples[round % samples.Length]];
            for (int i = random.Next(1, 6); i > 0; i--)
            {
                // Most of it in headers, where it hurts; their checksums are made right again.
                int block = random.Next(tar.Length / 512) * 512;
                tar[block + random.Next(512)] = (byte)random.Next(256);
                FixChecksum(tar.AsSpan(block, 512));
            }

            try
            {
                Drain(tar);
            }
            catch (ImportException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 100, 3000);
        Assert.True((GC.GetTotalAllocatedBytes() - before) / 3000 < 8 << 20, "damaged streams take too much memory");
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), "damaged streams take too long");
    }

    private static void Drain(byte[] tar)
    {
        using var reader = new TarReader(new MemoryStream(tar), "the layer");
        byte[] buffer = new byte[64 * 1024];
        long total = 0;
        while (reader.Next() is not null)
        {
            // A sparse file may claim any size; nobody reads it all.
            for (int count; total < 64 << 20 && (count = reader.Read(buffer)) > 0;)
            {
                total += count;
            }
        }
    }

    private static byte[] MakeTar(TestDirectory directory, params string[] options)
    {
        Peer.Run("tar", [.. options, "--create", "--file", directory["sample.tar"], "-C", directory["tree"], "."]).Succeeded();
        return File.ReadAllBytes(directory["sample.tar"]);
    }

    private static void FixChecksum(Span<byte> header)
    {
        header.Slice(148, 8).Fill((byte)' ');
        int sum = 0;
        foreach (byte b in header)
        {
            sum += b;
        }

        System.Text.Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(header[148..]);
    }

    // Where only whole entries came, the missing end-of-archive blocks are forgiven.
    private static bool IsBetweenEntries(byte[] tar, int length)
    {
        try
        {
            TarListing.Of(new MemoryStream(tar, 0, length));
            return true;
        }
        catch (TarFormatException)
        {
            return false;
        }
    }

    private static void MakeTree(string root)
    {
        Directory.CreateDirectory($"{root}/{LongName}");
        File.WriteAllText($"{root}/{LongName}/file", "deep\n");
        File.WriteAllText($"{root}/empty", "");
        File.WriteAllText($"{root}/exact", new string('x', 512));
        File.WriteAllText($"{root}/grüße-日本語", "name\n");
        File.WriteAllBytes($"{root}/large", [.. Enumerable.Range(0, 400_000).Select(i => (byte)(i * 31))]);
        File.CreateSymbolicLink($"{root}/symbolic", $"{LongName}/target");
        Peer.Run("ln", $"{root}/exact", $"{root}/hard").Succeeded();
        using FileStream sparse = File.OpenWrite($"{root}/sparse");
        for (int i = 0; i < 8; i++)
        {
            sparse.Seek(i * 1_000_000, SeekOrigin.Begin);
            sparse.Write("island"u8);
        }

        sparse.SetLength(9_000_005);
    }

    private sealed class SlowStream(byte[] content) : MemoryStream(content)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(1, buffer.Length)]);

        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(1, count));
    }
}
