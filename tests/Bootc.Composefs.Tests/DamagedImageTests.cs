// Damaged images, and damaged on purpose, are refused with one exception or read as some tree; nothing else happens.
using System.Buffers.Binary;
using Bootc.Linux;

namespace Bootc.Composefs.Tests;

public class DamagedImageTests
{
    private const int SuperblockOffset = 1024;
    private const int InodesStart = 1152;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Mutated_image_is_refused_or_read_in_bounded_memory(int seed)
    {
        var random = new Random(seed);
        byte[] original = Image(SmallTree(seed));
        int refused = 0;
        for (int i = 0; i < 800; i++)
        {
            byte[] image = Mutate([.. original], random);
            long before = GC.GetAllocatedBytesForCurrentThread();

            refused += IsRefused(image) ? 1 : 0;

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 20_000_000);
        }

        Assert.InRange(refused, 50, 800);
    }

    [Fact]
    public void Truncated_image_is_refused()
    {
        byte[] image = Image(SmallTree(5));
        for (int length = 0; length < image.Length - 4096; length += 7)
        {
            Assert.Throws<ComposefsFormatException>(() => ComposefsImage.Read(image.AsMemory(0, length)));
        }
    }

    [Fact]
    public void Directory_that_holds_itself_is_refused()
    {
        var root = new ComposefsNode(ModeBits.Directory | 0x1ED);
        root.Add("directory", new ComposefsNode(ModeBits.Directory | 0x1ED));
        byte[] image = Image(root);
        ushort rootSlot = BinaryPrimitives.ReadUInt16LittleEndian(image.AsSpan(SuperblockOffset + 14));
        int name = image.AsSpan().IndexOf("directory"u8);
        int dirents = name - (name % 4096);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(image.AsSpan(dirents + 8)) / 12;
        for (int i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(dirents + (i * 12)), rootSlot);
        }

        var refusal = Assert.Throws<ComposefsFormatException>(() => ComposefsImage.Read(image));

        Assert.Contains("stands at two places", refusal.Message);
    }

    [Fact]
    public void Inodes_that_share_their_data_are_refused()
    {
        // 200 files of 4200 bytes: all but the tail is made the same block, again and again.
        var root = new ComposefsNode(ModeBits.Directory | 0x1ED);
        for (int i = 0; i < 200; i++)
        {
            root.Add($"file {i}", new ComposefsNode(ModeBits.Regular | 0x1A4) { Content = new byte[4200] });
        }

        byte[] image = Image(root);
        int blocks = 200 * 4096;

        var refusal = Assert.Throws<ComposefsFormatException>(() => ComposefsImage.Read(PointInodesAtFirstBlock(image)[..^(blocks / 2)]));

        Assert.Contains("claim more data", refusal.Message);
    }

    [Fact]
    public void Deepest_tree_is_read_and_a_deeper_one_is_refused()
    {
        Assert.Equal(2048, DepthOf(ComposefsImage.Read(Image(Deep(2048)))));
        Assert.Throws<ComposefsFormatException>(() => ComposefsImage.Read(Image(Deep(2049))));
    }

    [Fact]
    public void File_that_is_no_image_is_named_so()
    {
        var refusal = Assert.Throws<ComposefsFormatException>(() => ComposefsImage.Read(new byte[8192]));

        Assert.Equal("this is no composefs image: the magic number at its start is missing", refusal.Message);
    }

    private static ComposefsNode SmallTree(int seed)
    {
        ComposefsNode tree = RandomTree.Make(seed * 31);
        return tree.Children.Count is > 2 and < 100 ? tree : SmallTree(seed + 100);
    }

    private static byte[] Mutate(byte[] image, Random random)
    {
        for (int count = random.Next(1, 9); count > 0; count--)
        {
            // What is before the inodes is small, and few of its bytes matter.
            int position = random.Next(50) == 0 ? random.Next(InodesStart) : random.Next(InodesStart, image.Length);
            switch (random.Next(4))
            {
                case 0:
                    image[position] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    image[position] = (byte)random.Next(256);
                    break;
                case 2:
                    image.AsSpan(position, Math.Min(random.Next(1, 9), image.Length - position)).Fill(0xff);
                    break;
                default:
                    // An inode or an entry where another one is.
                    int from = random.Next(InodesStart / 32, image.Length / 32) * 32;
                    image.AsSpan(from, Math.Min(32, image.Length - from)).CopyTo(image.AsSpan(Math.Min(position / 32 * 32, image.Length - 32)));
                    break;
            }
        }

        return image;
    }

    private static bool IsRefused(byte[] image)
    {
        try
        {
            ComposefsNode tree = ComposefsImage.Read(image);
            DumpFile.Write(tree, Stream.Null);
            ComposefsImage.ComputeDigest(tree);
            return false;
        }
        catch (ComposefsFormatException e)
        {
            Assert.True(e.Message.Length > 10, e.Message);
            return true;
        }
    }

    private static byte[] PointInodesAtFirstBlock(byte[] image)
    {
        uint blocks = BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(SuperblockOffset + 36));
        for (int inode = InodesStart; inode + 32 <= image.Length; inode += 32)
        {
            Span<byte> bytes = image.AsSpan(inode);
            if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]) == 4200 && BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]) < blocks)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(bytes[16..], 0);
            }
        }

        return image;
    }

    private static ComposefsNode Deep(int depth)
    {
        var root = new ComposefsNode(ModeBits.Directory | 0x1ED);
        ComposefsNode directory = root;
        for (int i = 0; i < depth; i++)
        {
            var next = new ComposefsNode(ModeBits.Directory | 0x1ED);
            directory.Add("d", next);
            directory = next;
        }

        return root;
    }

    private static int DepthOf(ComposefsNode node)
    {
        int depth = 0;
        for (; node.Children.Count > 0; node = node.Children["d"])
        {
            depth++;
        }

        return depth;
    }

    private static byte[] Image(ComposefsNode tree)
    {
        var image = new MemoryStream();
        ComposefsImage.Write(tree, image);
        return image.ToArray();
    }
}
