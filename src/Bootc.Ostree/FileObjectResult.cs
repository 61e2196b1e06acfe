// What writing a content object tells.
using Bootc.Composefs.FsVerity;
using Bootc.Ostree.Objects;

namespace Bootc.Ostree;

/// <summary>A content object that was written, or was there already.</summary>
/// <param name="Checksum">Its checksum.</param>
/// <param name="Verity">The fs-verity digest of its content; <see langword="null"/> for a symbolic link.</param>
/// <param name="AlreadyPresent">Whether the repository had it before.</param>
public readonly record struct FileObjectResult(Checksum Checksum, VerityDigest? Verity, bool AlreadyPresent);
