// fs-verity digests, in whatever pieces the content comes, are those of the fsverity tool.
using System.Text;
using Bootc.Composefs.FsVerity;
using Bootc.Linux;
using Bootc.Testing;

namespace Bootc.Composefs.Tests;

public class VerityDigestTests
{
    private const int Block = 4096;
    private const int Hashes = 128; // in a block of the Merkle tree

    private static readonly int[] Sizes =
    [
        0, 1, Block - 1, Block, Block + 1, 2 * Block, (Hashes * Block) - 1, Hashes * Block, (Hashes * Block) + 1, 2 * Hashes * Block,
        (2 * Hashes * Block) + 1, (Hashes * Hashes * Block) - 1, Hashes * Hashes * Block, (Hashes * Hashes * Block) + 1,
    ];

    [Fact]
    public void Digests_are_those_of_the_fsverity_tool()
    {
        Oracle.Require();
        using var directory = new TestDirectory("verity");
        foreach (int size in Sizes)
        {
            File.WriteAllBytes(directory[$"{size}"], Content(size));
        }

        string expected = Oracle.Run("fsverity", ["digest", .. Sizes.Select(size => directory[$"{size}"])]).Succeeded();

        var actual = new StringBuilder();
        foreach (int size in Sizes)
        {
            using var file = directory.Handle.OpenFile($"{size}");
            actual.Append($"sha256:{FileVerity.Compute(file)} {directory[$"{size}"]}\n");
        }

        Assert.Equal(expected, actual.ToString());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4095)]
    [InlineData(4097)]
    [InlineData(65536)]
    [InlineData(-1)]
    public void Pieces_of_any_size_give_the_same_digest(int piece)
    {
        byte[] content = Content((3 * Hashes * Block) + 1234);
        var random = new Random(7);
        var hasher = new VerityHasher();
        ReadOnlySpan<byte> rest = content;
        while (!rest.IsEmpty)
        {
            int count = Math.Min(piece < 0 ? random.Next(0, 3 * Block) : piece, rest.Length);
            hasher.Append(rest[..count]);
            rest = rest[count..];
        }

        Assert.Equal(VerityHasher.Compute(content), hasher.Finish());
    }

    [Fact]
    public void Hasher_is_as_new_after_it_has_finished()
    {
        var hasher = new VerityHasher();
        foreach (int size in Sizes.Where(size => size < 1 << 20).Reverse())
        {
            hasher.Append(Content(size));

            Assert.Equal(FileVerity.Compute(new MemoryStream(Content(size))), hasher.Finish());
        }
    }

    [Fact]
    public void Digest_is_read_as_it_is_shown()
    {
        VerityDigest digest = VerityHasher.Compute("some content"u8);

        Assert.Equal(digest, VerityDigest.Parse(digest.ToString()));
        Assert.Equal(digest, VerityDigest.Parse(digest.ToString().ToUpperInvariant()));
        Assert.Equal(digest, new VerityDigest(digest.ToArray()));
        Assert.Throws<FormatException>(() => VerityDigest.Parse(digest.ToString().AsSpan(1)));
        Assert.Throws<FormatException>(() => VerityDigest.Parse("g" + digest.ToString().Remove(0, 1)));
        Assert.Throws<ArgumentException>(() => new VerityDigest(new byte[31]));
    }

    [Fact]
    public void Sealed_file_has_the_digest_that_we_compute()
    {
        using var directory = new TestDirectory("verity");
        File.WriteAllBytes(directory["file"], Content(100_000));
        using var file = directory.Handle.OpenFile("file");
        Assert.SkipUnless(FileVerity.TryEnable(file), "the file system or the kernel has no fs-verity");

        Assert.Equal(FileVerity.Compute(file), FileVerity.TryMeasure(file));
    }

    private static byte[] Content(int size)
    {
        byte[] content = new byte[size];
        new Random(size).NextBytes(content);
        return content;
    }
}
