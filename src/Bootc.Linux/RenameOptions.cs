// How a rename treats an existing target.
namespace Bootc.Linux;

/// <summary>What renameat2(2) does about an existing target.</summary>
[Flags]
public enum RenameOptions : uint
{
    /// <summary>An existing target is replaced.</summary>
    None = 0,

    /// <summary>An existing target is an error, EEXIST.</summary>
    NoReplace = 1,

    /// <summary>Both names exist and change places atomically.</summary>
    Exchange = 2,
}
