// A content object of a commit, and where its files are.
using Bootc.Ostree.Objects;

namespace Bootc.Import.Encapsulation;

/// <summary>A file or symbolic link of a commit.</summary>
/// <param name="Checksum">The object's checksum.</param>
/// <param name="Header">Its metadata.</param>
/// <param name="Size">The size of its content in bytes.</param>
internal sealed record ContentObject(Checksum Checksum, FileHeader Header, long Size)
{
    /// <summary>The paths of the files in the commit that it is, in the order of the tree.</summary>
    public List<string> Paths { get; } = [];
}
