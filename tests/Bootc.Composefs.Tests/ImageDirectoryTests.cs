// An image that takes over most of another one is the image that is made of the whole tree, byte for byte.
using Bootc.Linux;
using Bootc.Testing;

namespace Bootc.Composefs.Tests;

public class ImageDirectoryTests
{
    [Theory]
    [InlineData(5)]
    [InlineData(60)]
    [InlineData(700)]
    public void What_is_taken_over_gives_the_image_of_the_whole_tree(int files)
    {
        for (int seed = 0; seed < 150; seed++)
        {
            var random = new Random(seed);
            CommitTree tree = CommitTree.Make(random, files);
            byte[] image = Write(tree.ToNode());
            for (int version = 1; version <= 3; version++)
            {
                CommitTree changed = tree.Change(random);
                byte[] expected = Write(changed.ToNode());

                byte[] actual = Write(changed.ToNode(tree, ImageDirectory.OpenRoot(image)));

                int same = expected.AsSpan().CommonPrefixLength(actual);
                Assert.True(same == expected.Length && same == actual.Length, $"seed {seed}, version {version}: {expected.Length} bytes expected, {actual.Length} made, first difference at {same}");
                (tree, image) = (changed, actual);
            }
        }
    }

    [Fact]
    public void Nodes_are_those_of_the_names()
    {
        ImageDirectory root = ImageDirectory.OpenRoot(Write(Root(("usr", Root(("bin", new ComposefsNode(ModeBits.Regular | 0x1ED)))))));

        Assert.True(root.TryGetNode("usr", out ComposefsNode? usr));
        Assert.Equal(ModeBits.Directory | 0x1EDu, usr.Mode);
        Assert.False(root.TryGetNode("etc", out _));
        Assert.Null(root.TryGetDirectory("etc"));
        Assert.True(root.TryGetDirectory("usr")!.TryGetNode("bin", out ComposefsNode? bin));
        Assert.Equal(FileKind.Regular, bin.Kind);
        Assert.Null(root.TryGetDirectory("usr")!.TryGetDirectory("bin"));
    }

    [Theory]
    [InlineData("a hard link", "has 2 links")]
    [InlineData("a device", "has the mode 20644")]
    [InlineData("inline content", "has inline content")]
    [InlineData("a whiteout", "has the attribute trusted.overlay.")]
    [InlineData("an older time", "the oldest time of the image at hand is another one")]
    public void What_no_commit_has_is_not_taken_over(string what, string error)
    {
        var file = new ComposefsNode(ModeBits.Regular | 0x1A4) { Size = 5, Payload = "file", LinkCount = what == "a hard link" ? 2u : 1 };
        ComposefsNode below = what switch
        {
            "a hard link" => Root(("file", file), ("link", new ComposefsNode(ModeBits.Regular | 0x1A4) { HardLinkTarget = file })),
            "a device" => Root(("device", new ComposefsNode(ModeBits.CharacterDevice | 0x1A4) { DeviceNumber = 0x103 })),
            "inline content" => Root(("content", new ComposefsNode(ModeBits.Regular | 0x1A4) { Content = "content"u8.ToArray() })),
            "a whiteout" => Root(("whiteout", new ComposefsNode(ModeBits.CharacterDevice | 0x1A4))),
            _ => Root(("old", new ComposefsNode(ModeBits.Regular | 0x1A4) { ModifiedSeconds = -5 })),
        };
        if (what == "an older time")
        {
            below.ModifiedSeconds = -9;
        }

        ComposefsNode root = Root(("below", below));
        if (what == "an older time")
        {
            root.ModifiedSeconds = -10;
        }

        ImageDirectory image = ImageDirectory.OpenRoot(Write(root));
        Assert.True(image.TryGetNode("below", out ComposefsNode? taken));

        var refusal = Assert.Throws<ComposefsFormatException>(() => Write(Root(("below", taken), ("more", Root()))));

        Assert.Contains(error, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nodes_of_two_images_make_no_tree()
    {
        ComposefsNode tree = Root(("file", new ComposefsNode(ModeBits.Regular | 0x1A4)));
        byte[] image = Write(tree);
        Assert.True(ImageDirectory.OpenRoot(image).TryGetNode("file", out ComposefsNode? one));
        Assert.True(ImageDirectory.OpenRoot(image).TryGetNode("file", out ComposefsNode? other));

        Assert.Throws<ArgumentException>(() => Write(Root(("one", one), ("other", other))));
    }

    [Fact]
    public void A_name_is_taken_over_once()
    {
        ImageDirectory image = ImageDirectory.OpenRoot(Write(Root(("below", Root(("file", new ComposefsNode(ModeBits.Regular | 0x1A4)))))));
        Assert.True(image.TryGetNode("below", out ComposefsNode? below));
        Assert.True(image.TryGetDirectory("below")!.TryGetNode("file", out ComposefsNode? file));

        Assert.Contains("has two names", Assert.Throws<ComposefsFormatException>(() => Write(Root(("below", below), ("file", file)))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Changed_images_are_taken_over_or_refused(int seed)
    {
        var random = new Random(seed);
        CommitTree tree = CommitTree.Make(random, 60);
        CommitTree changed = tree.Change(random);
        byte[] original = Write(tree.ToNode());
        var mutator = new Mutator(seed);

        Fuzz.Run(1500, () => mutator.Mutate(original), content => Write(changed.ToNode(tree, ImageDirectory.OpenRoot(content))), e => e is ComposefsFormatException);
    }

    private static ComposefsNode Root(params (string Name, ComposefsNode Node)[] entries)
    {
        var root = new ComposefsNode(ModeBits.Directory | 0x1ED);
        foreach ((string name, ComposefsNode node) in entries)
        {
            root.Add(name, node);
        }

        return root;
    }

    private static byte[] Write(ComposefsNode tree)
    {
        var image = new MemoryStream();
        ComposefsImage.Write(tree, image);
        return image.ToArray();
    }
}
