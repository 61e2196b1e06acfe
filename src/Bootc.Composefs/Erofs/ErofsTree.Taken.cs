// What a tree takes over from an image at hand: inodes as they are there, but for the numbers by which they refer to each other.
using System.Collections;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using Bootc.Linux;

namespace Bootc.Composefs.Erofs;

internal sealed partial class ErofsTree
{
    private readonly ErofsView? _image;
    private readonly TakenInode[] _taken = []; // by the inode's number; of the others nothing is there
    private readonly BitArray _takenSlots = new(0);
    private readonly Dictionary<uint, ErofsXattr> _takenShared = []; // by what the image at hand refers to them

    /// <summary>The image at hand.</summary>
    public ErofsView Image => _image ?? throw new InvalidOperationException("nothing is taken over from another image");

    public ref readonly TakenInode TakenOf(int index) => ref _taken[index];

    /// <summary>The attribute that an inode of the image at hand refers to.</summary>
    public ErofsXattr TakenXattr(uint offset) => _takenShared[offset];

    private void AddTaken(ulong slot, int parent, ComposefsNode? node = null)
    {
        ErofsInodeView inode = Image.ReadInode(slot);
        if (_takenSlots[(int)slot])
        {
            throw NotTaken(slot, "has two names");
        }

        _takenSlots[(int)slot] = true;
        RequireTakeable(inode);
        if (_count == _inodes.Length)
        {
            throw new ComposefsFormatException($"the image at hand has more inodes than the {Image.InodeCount} that it says");
        }

        node?.InodeIndex = _count;
        _taken[_count] = new TakenInode(slot, parent);
        _inodes[_count++] = new ErofsInode { Node = node!, Entries = [], TakenKind = (byte)inode.Kind, LinkCount = inode.LinkCount };
    }

    private static void RequireTakeable(ErofsInodeView inode)
    {
        if (inode.Kind is not (FileKind.Directory or FileKind.Regular or FileKind.SymbolicLink))
        {
            throw NotTaken(inode.Slot, $"has the mode {Convert.ToString(inode.Mode, 8)}");
        }

        if (inode.Kind != FileKind.Directory && inode.LinkCount != 1)
        {
            throw NotTaken(inode.Slot, $"has {inode.LinkCount} links");
        }

        if (inode.Kind == FileKind.Regular && inode.Size > 0 && inode.Layout != ErofsFormat.LayoutChunkBased)
        {
            throw NotTaken(inode.Slot, "has inline content");
        }

        if (inode.Kind == FileKind.SymbolicLink && inode.Size > ErofsFormat.BlockSize)
        {
            throw NotTaken(inode.Slot, $"is a link with a target of {inode.Size} bytes");
        }
    }

    private static ComposefsFormatException NotTaken(ulong slot, string what) => new($"inode {slot} {what}, which those of a commit's image do not");

    private void AddTakenChildren(int index)
    {
        ErofsInodeView inode = Image.ReadInode(_taken[index].Slot);
        _taken[index].FirstChild = _count;
        int blocks = Image.CountBlocks(inode);
        for (int block = 0; block < blocks; block++)
        {
            var dirents = new ErofsDirents(Image.ReadBlock(inode, block), inode.Slot);
            for (int i = 0; i < dirents.Count; i++)
            {
                if (!dirents.IsDots(i))
                {
                    AddTaken(dirents.Slot(i), index);
                }
            }
        }
    }

    private (long Seconds, uint Nanoseconds) TimeOfTaken(int index)
    {
        ErofsInodeView inode = Image.ReadInode(_taken[index].Slot);
        return (inode.ModifiedSeconds, inode.ModifiedNanoseconds);
    }

    // Compact inodes have the image's oldest time, which must be the same then.
    private void RequireSameTime()
    {
        if (_image is { } image && (image.MinimumSeconds, image.MinimumNanoseconds) != (MinimumSeconds, MinimumNanoseconds))
        {
            throw new ComposefsFormatException("the oldest time of the image at hand is another one");
        }
    }

    // What only one inode had there may be another one's as well now, and what several had there only one's: such inodes get their
    // attributes anew. All others keep theirs.
    private void GatherTakenXattrs()
    {
        HashSet<ulong> others = HashOthers();
        Dictionary<uint, int> uses = [];
        for (int i = 0; i < _count; i++)
        {
            if (_inodes[i].IsTaken)
            {
                ErofsInlineXattrs xattrs = Image.XattrsOf(Image.ReadInode(_taken[i].Slot));
                if (xattrs.SharedCount >= ErofsFormat.MaximumSharedXattrs)
                {
                    throw NotTaken(_taken[i].Slot, $"shares {xattrs.SharedCount} extended attributes"); // and may have others that it does not
                }

                for (int k = 0; k < xattrs.SharedCount; k++)
                {
                    CollectionsMarshal.GetValueRefOrAddDefault(uses, xattrs.SharedOffset(k), out _)++;
                }
            }
        }

        foreach (uint offset in uses.Keys)
        {
            ErofsXattrView shared = Image.ReadSharedXattr(offset, out _);
            LookAtTaken(shared);
            _takenShared.Add(offset, _xattrs.Get(shared.Name, shared.Value.ToArray()));
        }

        for (int i = 0; i < _count; i++)
        {
            if (_inodes[i].IsTaken && !TryKeepXattrs(i, others, uses))
            {
                _inodes[i].Xattrs = ReadTakenXattrs(i);
            }
        }

        ShareWithTaken();
    }

    private bool TryKeepXattrs(int index, HashSet<ulong> others, Dictionary<uint, int> uses)
    {
        ErofsInodeView inode = Image.ReadInode(_taken[index].Slot);
        ErofsInlineXattrs xattrs = Image.XattrsOf(inode);
        bool keeps = true;
        for (int k = 0; k < xattrs.SharedCount; k++)
        {
            keeps &= uses[xattrs.SharedOffset(k)] > 1;
        }

        int shared = xattrs.SharedCount;
        ReadOnlySpan<byte> bytes = xattrs.Bytes;
        while (xattrs.TryRead(out ErofsXattrView xattr))
        {
            LookAtTaken(xattr);
            keeps &= !others.Contains(Hash(xattr.Index, xattr.Suffix, xattr.Value));
        }

        if (keeps && !bytes.IsEmpty)
        {
            _inodes[index].XattrCount = inode.XattrCount;
            _inodes[index].SharedXattrs = (byte)shared;
            for (int k = 0; k < shared; k++)
            {
                _takenShared[xattrs.SharedOffset(k)].Uses++;
            }
        }

        return keeps;
    }

    private void LookAtTaken(ErofsXattrView xattr)
    {
        HasAcl |= xattr.Index is 2 or 3 && xattr.Suffix.IsEmpty;
        if (xattr.Index == OverlayAttributes.Index && xattr.Suffix.StartsWith("overlay."u8) && !xattr.IsMetacopy && !xattr.IsRedirect)
        {
            throw new ComposefsFormatException($"the image at hand has the attribute {xattr.Name}, which those of a commit do not");
        }
    }

    private ErofsXattr[] ReadTakenXattrs(int index)
    {
        ErofsInlineXattrs xattrs = Image.XattrsOf(Image.ReadInode(_taken[index].Slot));
        List<ErofsXattr> gathered = [];
        for (int k = 0; k < xattrs.SharedCount; k++)
        {
            gathered.Add(_takenShared[xattrs.SharedOffset(k)]);
        }

        while (xattrs.TryRead(out ErofsXattrView xattr))
        {
            gathered.Add(_xattrs.Get(xattr.Name, xattr.Value.ToArray()));
        }

        gathered.Sort(ErofsXattr.CompareNames);
        return [.. gathered];
    }

    private HashSet<ulong> HashOthers()
    {
        HashSet<ulong> hashes = [];
        foreach (ref ErofsInode inode in Inodes)
        {
            if (!inode.IsTaken)
            {
                foreach (ErofsXattr xattr in XattrsOf(in inode))
                {
                    hashes.Add(Hash(xattr.Name.Index, xattr.Name.Suffix, xattr.Value));
                }
            }
        }

        return hashes;
    }

    private static ulong Hash(byte index, ReadOnlySpan<byte> suffix, ReadOnlySpan<byte> value) =>
        XxHash3.HashToUInt64(value, (long)XxHash3.HashToUInt64(suffix, index));

    // Digests and places that a new inode has in common with one that was taken over.
    private void ShareWithTaken()
    {
        foreach (ref ErofsInode inode in Inodes)
        {
            if (inode.HasOwnMetacopy && _xattrs.Contains(OverlayAttributes.Metacopy, OverlayAttributes.MetacopyOf(inode.Node.Digest!.Value)))
            {
                ShareBacking(ref inode, byPath: false);
            }

            if (inode.HasOwnRedirect && _xattrs.Contains(OverlayAttributes.Redirect, RedirectTo(inode.Node.Payload!)))
            {
                ShareBacking(ref inode, byPath: true);
            }
        }
    }

    private void ComputeTakenSize(int index, ref ErofsInode inode)
    {
        ErofsInodeView taken = Image.ReadInode(_taken[index].Slot);
        inode.IsCompact = taken.IsCompact;
        switch (inode.Kind)
        {
            case FileKind.Directory:
                inode.Blocks = Image.CountBlocks(taken) - 1;
                inode.TailSize = (ushort)(inode.Blocks < 0 ? throw NotTaken(taken.Slot, "is a directory without entries") : new ErofsDirents(Image.ReadBlock(taken, inode.Blocks), taken.Slot).Length);
                MoveLargeTail(ref inode);
                break;
            case FileKind.SymbolicLink:
                inode.TailSize = (ushort)taken.Size;
                break;
            case FileKind.Regular when taken.Size > 0:
                inode.TailSize = (ushort)(ErofsFormat.ChunksOf(taken.Size).Count * sizeof(uint));
                break;
        }
    }
}
