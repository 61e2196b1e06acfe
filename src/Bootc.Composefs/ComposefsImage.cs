// Composefs images as a whole: write one, measure one, read one.
using Bootc.Composefs.Erofs;
using Bootc.Composefs.FsVerity;

namespace Bootc.Composefs;

/// <summary>
/// Composefs images: EROFS file systems that hold names and metadata only, byte for byte as libcomposefs writes them.
/// </summary>
/// <remarks>Format: https://github.com/composefs/composefs (man composefs-dump(5)), https://erofs.docs.kernel.org.</remarks>
public static class ComposefsImage
{
    /// <summary>Writes the image of a tree and returns its fs-verity digest. One tree is written by one thread at a time.</summary>
    /// <exception cref="ComposefsFormatException">The tree is one that no image can describe.</exception>
    public static VerityDigest Write(ComposefsNode root, Stream destination, ComposefsOptions? options = null) =>
        new ErofsWriter(destination).Write(ErofsTree.Build(root, options ?? ComposefsOptions.Default));

    /// <summary>The fs-verity digest that the image of a tree has.</summary>
    /// <inheritdoc cref="Write" path="/exception"/>
    public static VerityDigest ComputeDigest(ComposefsNode root, ComposefsOptions? options = null) => Write(root, Stream.Null, options);

    /// <summary>Reads the tree that an image describes.</summary>
    /// <exception cref="ComposefsFormatException">The bytes are no composefs image, or a damaged one.</exception>
    public static ComposefsNode Read(ReadOnlyMemory<byte> image) => new ErofsReader(image).ReadTree();

    /// <summary>Reads the tree that the image in a file describes.</summary>
    /// <inheritdoc cref="Read(ReadOnlyMemory{byte})" path="/exception"/>
    public static ComposefsNode Read(string path) => Read(File.ReadAllBytes(path));
}
