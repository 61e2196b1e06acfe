// One entry of a directory listing.
namespace Bootc.Linux;

/// <summary>A name in a directory.</summary>
/// <param name="Name">The name; bytes that are not UTF-8 as <see cref="FileName"/> says.</param>
/// <param name="Kind">The kind of file, always known.</param>
/// <param name="Inode">The inode number.</param>
public readonly record struct DirectoryEntry(string Name, FileKind Kind, ulong Inode);
