// What an entry of a tar stream is.
namespace Bootc.Import.Tar;

/// <summary>The kind of an entry: its typeflag, as far as it is told apart.</summary>
internal enum TarEntryKind
{
    RegularFile,
    HardLink,
    SymbolicLink,
    CharacterDevice,
    BlockDevice,
    Directory,
    Fifo,
    Other,
}
