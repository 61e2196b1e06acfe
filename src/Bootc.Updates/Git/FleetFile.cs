// A file with documents.
namespace Bootc.Updates.Git;

/// <summary>A file, by its path in the repository, and its content.</summary>
/// <param name="Path">The path.</param>
/// <param name="Content">The content.</param>
public sealed record FleetFile(string Path, ReadOnlyMemory<byte> Content)
{
    /// <summary>How large a file with documents may be, in bytes.</summary>
    public const int MaximumSize = 1 << 20;

    /// <summary>How many there may be.</summary>
    public const int MaximumCount = 10_000;

    /// <summary>How large all of them may be together, in bytes.</summary>
    public const int MaximumTotal = 64 << 20;

    /// <summary>Whether a path is one of a file with documents: YAML, and neither hidden nor in a hidden folder.</summary>
    internal static bool Is(string path) =>
        (path.EndsWith(".yaml", StringComparison.Ordinal) || path.EndsWith(".yml", StringComparison.Ordinal)) && !path.Split('/').Any(part => part.StartsWith('.'));
}
