// The file system of a repository is full, or would be fuller than its settings allow.
namespace Bootc.Ostree;

/// <summary>Writing would leave less room on the file system than the repository's settings ask for.</summary>
public sealed class InsufficientSpaceException(string repository, long needed, long usable)
    : OstreeException(
        $"not enough space for the repository {repository}: {needed / 1_000_000.0:F1} MB are needed, {usable / 1_000_000.0:F1} MB may be used " +
        "(core.min-free-space-percent and core.min-free-space-size keep the rest free)")
{
    /// <summary>How many bytes were to be written.</summary>
    public long Needed { get; } = needed;

    /// <summary>How many bytes may be used.</summary>
    public long Usable { get; } = usable;
}
