// How a composefs image is mounted.
using Bootc.Composefs.FsVerity;

namespace Bootc.Composefs;

/// <summary>Where a mounted image takes content from, and what the kernel checks.</summary>
public sealed record ComposefsMountOptions
{
    /// <summary>The directories in which backing files are looked for, the first one first.</summary>
    public required IReadOnlyList<string> ObjectDirectories { get; init; }

    /// <summary>The digest that the kernel must have sealed the image with; <see langword="null"/> takes any image.</summary>
    public VerityDigest? ExpectedDigest { get; init; }

    /// <summary>Backing files that are not sealed with the digest that the image says cannot be opened.</summary>
    public bool RequireVerity { get; init; }

    /// <summary>A layer on top that takes what is written; <see langword="null"/> makes the mount read-only.</summary>
    public WritableLayer? Writable { get; init; }
}
