// How a tree is checked out.
namespace Bootc.Ostree;

/// <summary>How files of a checkout are made.</summary>
public sealed record CheckoutOptions
{
    /// <summary>Files are copied (sharing content where the file system can), never hard-linked, so that they may be changed.</summary>
    public bool ForceCopy { get; init; }

    /// <summary>The directory of the commit to check out; the root by default.</summary>
    public string Subpath { get; init; } = "";

    /// <summary>Existing directories are filled up and existing files replaced; otherwise they are an error.</summary>
    public bool Union { get; init; }

    /// <summary>Spares looking at an object before it is linked or copied.</summary>
    public Func<Objects.Checksum, FileFacts?>? Facts { get; init; }
}
