// Random trees give the images that mkcomposefs makes of them, and are read back as composefs-info reads them.
using System.Text;
using Bootc.Composefs.FsVerity;
using Bootc.Testing;

namespace Bootc.Composefs.Tests;

public class RandomTreeTests
{
    private const int Trees = 60;

    // For each dump file: the image, its digest, and the dump file of the image.
    private const string MakeAll =
        """
        cd "$0" || exit 1
        for dump in *.dump; do
          name=${dump%.dump}
          mkcomposefs --min-version="$1" --max-version="$2" --print-digest --from-file "$dump" "$name.image" > "$name.digest" || exit 1
          composefs-info dump "$name.image" > "$name.read" || exit 1
        done
        """;

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    public void Images_and_what_is_read_from_them_are_those_of_the_composefs_tools(int minimum, int maximum)
    {
        Oracle.Require();
        using var directory = new TestDirectory("random");
        var options = new ComposefsOptions(minimum, maximum);
        var ours = new List<(string Name, byte[] Image, VerityDigest Digest)>();
        for (int seed = 0; seed < Trees; seed++)
        {
            ComposefsNode tree = RandomTree.Make(seed);
            using (FileStream dump = File.Create(directory[$"{seed}.dump"]))
            {
                DumpFile.Write(tree, dump);
            }

            var image = new MemoryStream();
            VerityDigest digest = ComposefsImage.Write(tree, image, options);
            ours.Add(($"{seed}", image.ToArray(), digest));
        }

        Oracle.Run("sh", "-c", MakeAll, directory.Path, $"{minimum}", $"{maximum}").Succeeded();

        foreach ((string name, byte[] image, VerityDigest digest) in ours)
        {
            AssertSame(File.ReadAllBytes(directory[$"{name}.image"]), image, $"image of tree {name}");
            Assert.Equal(File.ReadAllText(directory[$"{name}.digest"]).Trim(), digest.ToString());
            AssertSame(File.ReadAllBytes(directory[$"{name}.read"]), Dump(ComposefsImage.Read(image)), $"dump file of image {name}");
        }
    }

    [Fact]
    public void Tree_written_as_dump_file_and_read_again_gives_the_same_image()
    {
        for (int seed = 1000; seed < 1000 + Trees; seed++)
        {
            ComposefsNode tree = RandomTree.Make(seed);

            ComposefsNode again = DumpFile.Read(new MemoryStream(Dump(tree)));

            Assert.Equal(ComposefsImage.ComputeDigest(tree), ComposefsImage.ComputeDigest(again));
        }
    }

    [Fact]
    public void Image_read_and_written_again_describes_the_same_tree()
    {
        for (int seed = 2000; seed < 2000 + Trees; seed++)
        {
            ComposefsNode read = ComposefsImage.Read(Image(RandomTree.Make(seed)));

            ComposefsNode again = ComposefsImage.Read(Image(read));

            AssertSame(Dump(read), Dump(again), $"tree {seed}");
        }
    }

    private static byte[] Image(ComposefsNode tree)
    {
        var image = new MemoryStream();
        ComposefsImage.Write(tree, image);
        return image.ToArray();
    }

    private static byte[] Dump(ComposefsNode tree)
    {
        var dump = new MemoryStream();
        DumpFile.Write(tree, dump);
        return dump.ToArray();
    }

    private static void AssertSame(byte[] expected, byte[] actual, string what)
    {
        int same = expected.AsSpan().CommonPrefixLength(actual);
        Assert.True(same == expected.Length && same == actual.Length, $"{what}: {expected.Length} bytes expected, {actual.Length} made, first difference at {same}: {Around(expected, same)} and {Around(actual, same)}");
    }

    private static string Around(byte[] bytes, int position) => Encoding.Latin1.GetString(bytes, Math.Max(position - 60, 0), Math.Min(bytes.Length - Math.Max(position - 60, 0), 120));
}
