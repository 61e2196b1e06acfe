// Images and dump files changed in any way are read or refused with one exception, in bounded memory.
using Bootc.Testing;

namespace Bootc.Composefs.Tests;

public sealed class FuzzTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Images(int seed)
    {
        var image = new MemoryStream();
        ComposefsImage.Write(RandomTree.Make(seed), image);
        byte[] original = image.ToArray();
        var mutator = new Mutator(seed);

        Fuzz.Run(600, () => mutator.Mutate(original), content =>
        {
            ComposefsNode tree = ComposefsImage.Read(content);
            DumpFile.Write(tree, Stream.Null);
            ComposefsImage.ComputeDigest(tree);
        }, e => e is ComposefsFormatException);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Dump_files(int seed)
    {
        var dump = new MemoryStream();
        DumpFile.Write(RandomTree.Make(seed), dump);
        byte[] original = dump.ToArray()[..(int)Math.Min(dump.Length, 20_000)];
        var mutator = new Mutator(seed);

        Fuzz.Run(1500, () => mutator.MutateText(original), content => ComposefsImage.Write(DumpFile.Read(new MemoryStream(content)), Stream.Null), e => e is ComposefsFormatException);
    }
}
