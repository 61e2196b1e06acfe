// The bits of st_mode, by name: inode(7).
namespace Bootc.Linux;

/// <summary>The bits of a file's mode (inode(7)) and the conversion between them and <see cref="FileKind"/>.</summary>
public static class ModeBits
{
    /// <summary>The bits that hold the file's kind.</summary>
    public const uint KindMask = 0xF000;

    /// <summary>The permission bits with set-user-ID, set-group-ID and sticky: 07777.</summary>
    public const uint PermissionMask = 0x0FFF;

    /// <summary>S_IFREG.</summary>
    public const uint Regular = 0x8000;

    /// <summary>S_IFDIR.</summary>
    public const uint Directory = 0x4000;

    /// <summary>S_IFLNK.</summary>
    public const uint SymbolicLink = 0xA000;

    /// <summary>S_IFCHR.</summary>
    public const uint CharacterDevice = 0x2000;

    /// <summary>S_IFBLK.</summary>
    public const uint BlockDevice = 0x6000;

    /// <summary>S_IFIFO.</summary>
    public const uint Fifo = 0x1000;

    /// <summary>S_IFSOCK.</summary>
    public const uint Socket = 0xC000;

    /// <summary>The kind that a mode's S_IFMT bits name.</summary>
    public static FileKind GetKind(uint mode) => (mode & KindMask) switch
    {
        Regular => FileKind.Regular,
        Directory => FileKind.Directory,
        SymbolicLink => FileKind.SymbolicLink,
        CharacterDevice => FileKind.CharacterDevice,
        BlockDevice => FileKind.BlockDevice,
        Fifo => FileKind.Fifo,
        Socket => FileKind.Socket,
        _ => FileKind.Unknown,
    };

    /// <summary>The S_IFMT bits of a kind; 0 for <see cref="FileKind.Unknown"/>.</summary>
    public static uint FromKind(FileKind kind) => kind switch
    {
        FileKind.Regular => Regular,
        FileKind.Directory => Directory,
        FileKind.SymbolicLink => SymbolicLink,
        FileKind.CharacterDevice => CharacterDevice,
        FileKind.BlockDevice => BlockDevice,
        FileKind.Fifo => Fifo,
        FileKind.Socket => Socket,
        _ => 0,
    };
}
