// In what a host can differ from a document.
namespace Bootc.Updates.Git;

/// <summary>What differs.</summary>
public enum HostDifferenceKind
{
    /// <summary>The image that is followed.</summary>
    Image,

    /// <summary>The image that runs, of those under the name that is followed.</summary>
    Release,

    /// <summary>A word of the kernel command line.</summary>
    KernelArgument,

    /// <summary>A package besides those of the image.</summary>
    Package,

    /// <summary>An image that is bound besides those that the image binds.</summary>
    BoundImage,
}
