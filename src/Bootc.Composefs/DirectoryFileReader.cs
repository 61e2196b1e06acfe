// What one thread does with the regular files of a directory: content or digest into the node, content into the store.
using Bootc.Composefs.FsVerity;
using Bootc.Linux;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Composefs;

/// <summary>Reads files that were just opened, one after the other, through the same buffer.</summary>
internal sealed class DirectoryFileReader(DirectoryHandle? store)
{
    private const int BufferSize = 128 * 1024;

    private readonly byte[] _buffer = new byte[BufferSize];
    private readonly VerityHasher _hasher = new();

    /// <summary>Completes the node of a file that is not empty.</summary>
    /// <exception cref="ComposefsFormatException">The file does not have the size that the node says.</exception>
    public void Read(ComposefsNode node, SafeFileHandle file, bool isSealed, string path)
    {
        bool isInline = node.Size <= ComposefsNode.RecommendedInlineContent;
        VerityDigest? known = isSealed && !isInline ? FileVerity.TryMeasure(file, path) : null;
        VerityDigest digest = known ?? Compute(file, (long)node.Size, path);
        node.Digest = digest;
        node.Payload = PathOf(digest);
        if (isInline)
        {
            node.Content = _buffer.AsSpan(0, (int)node.Size).ToArray();
        }
        else if (store is not null)
        {
            Store(file, (long)node.Size, node.Payload, path);
        }
    }

    // The content's end is known, so that no read has to find it.
    private VerityDigest Compute(SafeFileHandle file, long size, string path)
    {
        int first = (int)Math.Min(size, BufferSize);
        for (long rest = size; rest > 0;)
        {
            int count = file.ReadFully(_buffer.AsSpan(0, (int)Math.Min(rest, BufferSize)), path);
            rest -= count;
            if (count == 0 || (count < BufferSize && rest > 0))
            {
                _hasher.Finish();
                throw new ComposefsFormatException($"'{path}' changed while it was read");
            }

            if (first == size)
            {
                return VerityHasher.Compute(_buffer.AsSpan(0, count));
            }

            _hasher.Append(_buffer.AsSpan(0, count));
        }

        return _hasher.Finish();
    }

    private static string PathOf(VerityDigest digest)
    {
        string hex = digest.ToString();
        return string.Concat(hex.AsSpan(0, 2), "/", hex.AsSpan(2));
    }

    private void Store(SafeFileHandle source, long size, string name, string path)
    {
        if (store!.Exists(name))
        {
            return;
        }

        using DirectoryHandle folder = store.EnsureDirectory(name[..2]);
        using SafeFileHandle copy = folder.CreateTemporaryFile();
        source.Seek(0, path);
        if (!copy.TryClone(source, path))
        {
            copy.CopyFrom(source, size, path);
        }

        copy.SetMode(0x1A4, path);
        copy.Sync(path);
        using SafeFileHandle sealable = DirectoryHandle.ReopenReadOnly(copy);
        copy.Dispose();
        sealable.TryEnableVerity(path);
        folder.TryLinkTemporaryFile(sealable, name[3..]);
    }
}
