// Images grow with the number of files; what is in memory for each of them must stay little.
using System.Buffers.Binary;
using Bootc.Composefs.FsVerity;
using Bootc.Linux;

namespace Bootc.Composefs.Tests;

[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
[Collection(nameof(MemoryTests))] // what is in memory is that of all tests that run
public class MemoryTests
{
    private const int Directories = 1000;
    private const int FilesEach = 100;
    private const int Files = Directories * FilesEach;

    [Fact]
    public void Node_of_a_file_takes_little_memory()
    {
        long before = GC.GetTotalMemory(forceFullCollection: true);
        ComposefsNode root = MakeTree();
        long after = GC.GetTotalMemory(forceFullCollection: true);
        GC.KeepAlive(root);
        Assert.InRange((after - before) / Files, 0, 200);
    }

    [Fact]
    public void Writing_takes_little_memory_for_each_file()
    {
        ComposefsNode root = MakeTree();
        ComposefsImage.Write(root, Stream.Null); // what is made once is there
        long before = GC.GetAllocatedBytesForCurrentThread();
        ComposefsImage.Write(root, Stream.Null);
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / Files, 0, 150);
    }

    [Fact]
    public void Taking_over_takes_little_memory_for_each_file()
    {
        var image = new MemoryStream();
        ComposefsImage.Write(MakeTree(), image);
        byte[] bytes = image.ToArray();
        Copy(bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Copy(bytes);
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / Files, 0, 75);
    }

    // All but the root is taken over.
    private static void Copy(byte[] image)
    {
        var root = new ComposefsNode(ModeBits.Directory | 0x1ED);
        ImageDirectory directory = ImageDirectory.OpenRoot(image);
        for (int i = 0; i < Directories; i++)
        {
            Assert.True(directory.TryGetNode($"directory {i}", out ComposefsNode? node));
            root.Add($"directory {i}", node);
        }

        ComposefsImage.Write(root, Stream.Null);
    }

    // Names and labels as a repository gives them: strings that are there anyway, and the same attributes for all.
    private static ComposefsNode MakeTree()
    {
        var labelled = new ComposefsNode(ModeBits.Regular | 0x1A4);
        labelled.SetExtendedAttribute("security.selinux", "system_u:object_r:usr_t:s0\0"u8.ToArray());
        var root = new ComposefsNode(ModeBits.Directory | 0x1ED);
        byte[] backing = new byte[Files * 2 * VerityDigest.Size];
        for (int i = 0; i < Directories; i++)
        {
            var directory = new ComposefsNode(ModeBits.Directory | 0x1ED);
            directory.EnsureCapacity(FilesEach);
            root.Add($"directory {i}", directory);
            for (int j = 0; j < FilesEach; j++)
            {
                Memory<byte> checksumAndDigest = backing.AsMemory(((i * FilesEach) + j) * 2 * VerityDigest.Size, 2 * VerityDigest.Size);
                BinaryPrimitives.WriteInt32LittleEndian(checksumAndDigest.Span, (i * FilesEach) + j);
                BinaryPrimitives.WriteInt32LittleEndian(checksumAndDigest.Span[VerityDigest.Size..], (i * FilesEach) + j);
                var file = new ComposefsNode(labelled) { Size = 1234 };
                file.ShareBackingObject(checksumAndDigest);
                directory.Add($"file {j}", file);
            }
        }

        return root;
    }
}
