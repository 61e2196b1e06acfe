// An inode that is taken over from an image at hand.
namespace Bootc.Composefs.Erofs;

/// <summary>Where the inode stands in the image at hand, and what the new image numbers around it.</summary>
/// <param name="Slot">The inode's slot in the image at hand.</param>
/// <param name="Parent">The number of its directory in the new image.</param>
/// <param name="FirstChild">A directory's: the number of its first child; the others follow in the order of its entries.</param>
internal record struct TakenInode(ulong Slot, int Parent, int FirstChild = 0);
