// A directory of a composefs image at hand, for another image that differs in little.
using System.Diagnostics.CodeAnalysis;
using Bootc.Composefs.Erofs;
using Bootc.Linux;

namespace Bootc.Composefs;

/// <summary>
/// A directory in the image of a commit. What a new tree takes over of it, files and whole directories, is written as the bytes that
/// it is, and never made nodes of: that takes a tenth of the time and of the memory.
/// </summary>
/// <remarks>
/// It is for images as <see cref="ComposefsImage.Write"/> makes them of commits: without hard links, devices, inline content and
/// whiteouts of their own. Writing a tree that takes over something else fails with a <see cref="ComposefsFormatException"/>.
/// </remarks>
public sealed class ImageDirectory
{
    private readonly ErofsView _image;
    private readonly Dictionary<string, ulong> _slots = new(StringComparer.Ordinal);

    private ImageDirectory(ErofsView image, ErofsInodeView inode)
    {
        _image = image;
        int blocks = image.CountBlocks(inode);
        for (int block = 0; block < blocks; block++)
        {
            var dirents = new ErofsDirents(image.ReadBlock(inode, block), inode.Slot);
            for (int i = 0; i < dirents.Count; i++)
            {
                if (!dirents.IsDots(i))
                {
                    _slots[FileName.Decode(dirents.Name(i))] = dirents.Slot(i);
                }
            }
        }
    }

    /// <summary>The root of an image.</summary>
    /// <exception cref="ComposefsFormatException">The bytes are no composefs image, or a damaged one.</exception>
    public static ImageDirectory OpenRoot(ReadOnlyMemory<byte> image)
    {
        var view = new ErofsView(image);
        ErofsInodeView root = view.ReadInode(view.RootSlot);
        return root.Kind == FileKind.Directory ? new ImageDirectory(view, root) : throw new ComposefsFormatException("the root inode is no directory");
    }

    /// <summary>
    /// Finds an entry. The node stands for it and for all that is below it, and has a place in one tree at most; of what the entry is
    /// it tells the mode alone.
    /// </summary>
    /// <exception cref="ComposefsFormatException">The image is damaged.</exception>
    public bool TryGetNode(string name, [NotNullWhen(true)] out ComposefsNode? node)
    {
        node = _slots.TryGetValue(name, out ulong slot) ? new ComposefsNode(_image, _image.ReadInode(slot)) : null;
        return node is not null;
    }

    /// <summary>A directory of that name.</summary>
    /// <inheritdoc cref="TryGetNode" path="/exception"/>
    public ImageDirectory? TryGetDirectory(string name) =>
        _slots.TryGetValue(name, out ulong slot) && _image.ReadInode(slot) is { Kind: FileKind.Directory } inode ? new ImageDirectory(_image, inode) : null;
}
