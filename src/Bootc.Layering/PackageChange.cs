// One line of a transaction.
namespace Bootc.Layering;

/// <summary>What a transaction does with one package.</summary>
/// <param name="Action">What is done.</param>
/// <param name="Name">The package's name.</param>
/// <param name="Architecture">Its architecture; empty for one that is removed.</param>
/// <param name="Before">The version in the image, if any.</param>
/// <param name="After">The version that comes, if any.</param>
public sealed record PackageChange(PackageAction Action, string Name, string Architecture, string? Before, string? After)
{
    /// <summary>How many bytes its file has; <see langword="null"/> where nothing is fetched.</summary>
    public long? Size { get; init; }

    /// <summary>
    /// What tells its file from others of the same version: the digest as the repository's signed lists have it, with its
    /// algorithm, or <c>built:SECONDS,size:BYTES</c> where the tools of the image do not tell it.
    /// </summary>
    public string? Digest { get; init; }
}
