// What is known of a content object without looking at it.
using Bootc.Composefs.FsVerity;
using Bootc.Ostree.Objects;

namespace Bootc.Ostree;

/// <summary>The metadata of a content object that was written or read before. Objects never change, so it stays true.</summary>
/// <param name="Header">Owner, mode, link target and extended attributes.</param>
/// <param name="Size">The size of the content in bytes; 0 for a symbolic link.</param>
/// <param name="Verity">The fs-verity digest of the content, where it has any.</param>
public sealed record FileFacts(FileHeader Header, long Size, VerityDigest? Verity)
{
    /// <summary>The object's checksum and then the digest, where there are bytes of both that stay as they are; otherwise empty.</summary>
    public ReadOnlyMemory<byte> ChecksumAndDigest { get; init; }
}
