// How a directory becomes a composefs tree.
namespace Bootc.Composefs;

/// <summary>What is taken of a directory, as mkcomposefs's options have it.</summary>
public sealed record DirectoryTreeOptions
{
    /// <summary>Where the files' content is copied to, named by digest.</summary>
    public string? DigestStore { get; init; }

    /// <summary>All times are zero.</summary>
    public bool UseEpoch { get; init; }

    /// <summary>Device nodes are left out.</summary>
    public bool SkipDevices { get; init; }

    /// <summary>Extended attributes are left out.</summary>
    public bool SkipXattrs { get; init; }

    /// <summary>Only extended attributes of the namespace user are kept.</summary>
    public bool UserXattrs { get; init; }
}
