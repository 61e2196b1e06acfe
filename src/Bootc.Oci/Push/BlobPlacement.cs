// How a blob came to be in a repository.
namespace Bootc.Oci;

/// <summary>What it took to have a blob in a repository.</summary>
public enum BlobPlacement
{
    /// <summary>It was there.</summary>
    Present,

    /// <summary>The registry took it from another of its repositories.</summary>
    Mounted,

    /// <summary>It was sent.</summary>
    Uploaded,
}
