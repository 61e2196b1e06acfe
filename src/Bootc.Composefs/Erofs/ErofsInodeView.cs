// What an inode in an image says.
using Bootc.Linux;

namespace Bootc.Composefs.Erofs;

internal readonly struct ErofsInodeView
{
    public required int Layout { get; init; }

    public required uint Mode { get; init; }

    public required uint Union { get; init; }

    public required ulong Size { get; init; }

    public required uint LinkCount { get; init; }

    public required uint Uid { get; init; }

    public required uint Gid { get; init; }

    public required long ModifiedSeconds { get; init; }

    public required uint ModifiedNanoseconds { get; init; }

    /// <summary>Where the extended attributes start, in bytes from the image's start.</summary>
    public required long XattrStart { get; init; }

    public required int XattrSize { get; init; }

    public FileKind Kind => ModeBits.GetKind(Mode);
}
