// The kinds of file that a directory can hold.
namespace Bootc.Linux;

/// <summary>The kind of a file, as the S_IFMT bits of its mode tell.</summary>
public enum FileKind
{
    /// <summary>None of the known kinds.</summary>
    Unknown,

    /// <summary>A regular file.</summary>
    Regular,

    /// <summary>A directory.</summary>
    Directory,

    /// <summary>A symbolic link.</summary>
    SymbolicLink,

    /// <summary>A character device.</summary>
    CharacterDevice,

    /// <summary>A block device.</summary>
    BlockDevice,

    /// <summary>A named pipe.</summary>
    Fifo,

    /// <summary>A Unix socket.</summary>
    Socket,
}
