// The fs-verity Merkle tree of a stream, computed as the bytes pass by.
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Bootc.Composefs.FsVerity;

/// <summary>
/// Computes the fs-verity digest of content that comes in pieces. Memory is one block for each level of the tree: 4096
/// bytes for every power of 128 blocks.
/// </summary>
/// <remarks>
/// Each block of 4096 bytes is hashed, the last one filled up with zeros; 128 hashes make a block of the next level, and so
/// on until one hash is left, the root. The digest is the SHA-256 of struct fsverity_descriptor (linux/fsverity.h, 256 bytes):
/// <code>
/// 0   u8   version, 1          8   u64  size of the content in bytes
/// 1   u8   algorithm, 1        16  root hash, 64 bytes, the rest zero
/// 2   u8   log2 of the block size, 12
/// 3   u8   size of the salt, 0
/// </code>
/// </remarks>
public sealed class VerityHasher
{
    private const int BlockSize = 4096;
    private const int HashSize = 32;
    private const int DescriptorSize = 256;

    [ThreadStatic]
    private static VerityHasher? s_hasher;

    private readonly byte[] _block = new byte[BlockSize];
    private readonly List<byte[]> _levels = [];
    private readonly List<int> _fill = [];
    private int _blockFill;
    private long _size;
    private int _usedLevels;

    /// <summary>The digest of content that is all in memory.</summary>
    public static VerityDigest Compute(ReadOnlySpan<byte> content)
    {
        if (content.Length > BlockSize)
        {
            VerityHasher hasher = s_hasher ??= new VerityHasher();
            hasher.Append(content);
            return hasher.Finish();
        }

        Span<byte> root = stackalloc byte[HashSize];
        root.Clear();
        if (!content.IsEmpty)
        {
            Span<byte> block = stackalloc byte[BlockSize];
            block.Clear();
            content.CopyTo(block);
            SHA256.HashData(block, root);
        }

        return DigestOf(root, content.Length);
    }

    /// <summary>Adds content.</summary>
    public void Append(ReadOnlySpan<byte> data)
    {
        _size += data.Length;
        if (_blockFill > 0)
        {
            int take = Math.Min(BlockSize - _blockFill, data.Length);
            data[..take].CopyTo(_block.AsSpan(_blockFill));
            _blockFill += take;
            data = data[take..];
            if (_blockFill < BlockSize)
            {
                return;
            }

            AddHashOf(_block, 0);
            _blockFill = 0;
        }

        while (data.Length >= BlockSize)
        {
            AddHashOf(data[..BlockSize], 0);
            data = data[BlockSize..];
        }

        data.CopyTo(_block);
        _blockFill = data.Length;
    }

    /// <summary>The digest of all content so far. The hasher is then as new.</summary>
    public VerityDigest Finish()
    {
        Span<byte> root = stackalloc byte[HashSize];
        root.Clear();
        if (_size > 0)
        {
            if (_blockFill > 0)
            {
                _block.AsSpan(_blockFill).Clear();
                AddHashOf(_block, 0);
            }

            CloseLevels(root);
        }

        VerityDigest digest = DigestOf(root, _size);
        _size = 0;
        _blockFill = 0;
        _usedLevels = 0;
        return digest;
    }

    private static VerityDigest DigestOf(ReadOnlySpan<byte> root, long size)
    {
        Span<byte> descriptor = stackalloc byte[DescriptorSize];
        descriptor.Clear();
        descriptor[0] = 1;
        descriptor[1] = 1;
        descriptor[2] = 12;
        BinaryPrimitives.WriteInt64LittleEndian(descriptor[8..], size);
        root.CopyTo(descriptor[16..]);
        Span<byte> digest = stackalloc byte[HashSize];
        SHA256.HashData(descriptor, digest);
        return new VerityDigest(digest);
    }

    private void AddHashOf(ReadOnlySpan<byte> block, int level)
    {
        if (level == _levels.Count)
        {
            _levels.Add(new byte[BlockSize]);
            _fill.Add(0);
        }

        if (level == _usedLevels)
        {
            _fill[level] = 0;
            _usedLevels++;
        }

        // A full block of hashes is hashed into the level above only when another hash follows: the last one of the top
        // level may be the root itself.
        if (_fill[level] == BlockSize)
        {
            AddHashOf(_levels[level], level + 1);
            _fill[level] = 0;
        }

        SHA256.HashData(block, _levels[level].AsSpan(_fill[level], HashSize));
        _fill[level] += HashSize;
    }

    private void CloseLevels(Span<byte> root)
    {
        for (int level = 0; ; level++)
        {
            bool isTop = level == _usedLevels - 1;
            if (isTop && _fill[level] == HashSize)
            {
                _levels[level].AsSpan(0, HashSize).CopyTo(root);
                return;
            }

            _levels[level].AsSpan(_fill[level]).Clear();
            AddHashOf(_levels[level], level + 1);
        }
    }
}
