// The kinds of object in a repository; the numbers are those of OstreeObjectType.
namespace Bootc.Ostree.Objects;

/// <summary>The kind of an object (OstreeObjectType in ostree-core.h).</summary>
public enum ObjectType
{
    /// <summary>Content: a regular file or symbolic link with its metadata.</summary>
    File = 1,

    /// <summary>The names in a directory.</summary>
    DirTree = 2,

    /// <summary>A directory's owner, mode and extended attributes.</summary>
    DirMeta = 3,

    /// <summary>A root directory with its history and metadata.</summary>
    Commit = 4,

    /// <summary>What remains of a commit that was deleted.</summary>
    TombstoneCommit = 5,

    /// <summary>Detached metadata of a commit, such as signatures; not content-addressed.</summary>
    CommitMeta = 6,

    /// <summary>A symbolic link from a payload checksum to the object that has it.</summary>
    PayloadLink = 7,

    /// <summary>Extended attributes, in a bare-split-xattrs repository.</summary>
    FileXattrs = 8,

    /// <summary>A hard link to a <see cref="FileXattrs"/> object.</summary>
    FileXattrsLink = 9,
}
