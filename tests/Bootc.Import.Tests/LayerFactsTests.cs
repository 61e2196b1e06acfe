// What is remembered of a layer's files is in a file whose form stays, whatever it is in memory.
using System.Buffers.Binary;
using System.Security.Cryptography;
using Bootc.Composefs.FsVerity;
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Import.Tests;

public sealed class LayerFactsTests
{
    private static readonly Checksum Layer = Checksum.Compute("layer"u8);

    private static readonly FileHeader[] Headers =
    [
        FileHeader.ForFile(0, 0, 0x1A4),
        FileHeader.ForFile(1000, 7, 0x1ED, ExtendedAttributeList.Create([new ExtendedAttribute("security.selinux", "system_u:object_r:usr_t:s0\0"u8.ToArray())])),
        FileHeader.ForSymbolicLink(0, 0, "target"),
    ];

    [Fact]
    public void Many_files_come_back_from_the_file_as_they_were()
    {
        using var test = new TestRepository();
        (Checksum File, FileFacts Facts)[] files = [.. Enumerable.Range(0, 3000).Select(FactsOf)];
        Write(test.Repository, files);
        var read = new LayerFacts();
        read.Read(test.Repository, Layer);
        Assert.All(files, file => Assert.Equal(file.Facts, read.TryGet(file.File)! with { ChecksumAndDigest = default }));
        Assert.Null(read.TryGet(Layer));
    }

    [Fact]
    public void File_has_entries_in_order_with_their_whole_headers_and_a_checksum()
    {
        using var test = new TestRepository();
        (Checksum File, FileFacts Facts)[] files = [.. Enumerable.Range(0, 100).Select(FactsOf)];
        Write(test.Repository, files);
        var expected = new MemoryStream();
        foreach ((Checksum file, FileFacts facts) in files.OrderBy(file => file.File))
        {
            byte[] header = facts.Header.SerializeForArchive(facts.Size)[8..];
            byte[] numbers = new byte[12];
            BinaryPrimitives.WriteInt64LittleEndian(numbers, facts.Size);
            BinaryPrimitives.WriteInt32LittleEndian(numbers.AsSpan(8), header.Length);
            expected.Write([.. file.ToArray(), .. facts.Verity?.ToArray() ?? new byte[32], .. numbers, .. header]);
        }

        expected.Write(SHA256.HashData(expected.ToArray()));
        Assert.Equal(expected.ToArray(), test.Repository.Directory.ReadAllBytes($"extensions/bootc/facts/{Layer}"));
    }

    [Theory]
    [InlineData(0)] // a checksum
    [InlineData(72)] // the size of a header
    [InlineData(75)]
    public void Damaged_file_says_nothing(int offset)
    {
        using var test = new TestRepository();
        (Checksum File, FileFacts Facts)[] files = [.. Enumerable.Range(0, 1000).Select(FactsOf)];
        Write(test.Repository, files);
        string name = $"extensions/bootc/facts/{Layer}";
        byte[] bytes = test.Repository.Directory.ReadAllBytes(name);
        bytes[offset] ^= 0x80;
        test.Repository.Directory.WriteAllBytesAtomically(name, bytes, sync: false);
        var read = new LayerFacts();
        read.Read(test.Repository, Layer);
        Assert.All(files, file => Assert.Null(read.TryGet(file.File)));
    }

    private static void Write(Repository repository, (Checksum File, FileFacts Facts)[] files)
    {
        var facts = new LayerFacts();
        foreach ((Checksum file, FileFacts known) in files)
        {
            facts.TryAdd(file, known);
        }

        new LayerFacts().Write(repository, Layer, facts);
    }

    private static (Checksum File, FileFacts Facts) FactsOf(int i)
    {
        FileHeader header = Headers[i % Headers.Length];
        header = header.IsSymbolicLink ? header with { LinkTarget = $"target {i}" } : header;
        int size = header.IsSymbolicLink ? 0 : i;
        byte[] name = BitConverter.GetBytes(i);
        return (Checksum.Compute(name), new FileFacts(header, size, size == 0 ? null : VerityHasher.Compute(name)));
    }
}
