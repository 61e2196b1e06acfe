// What the configuration asks of composefs.
namespace Bootc.PrepareRoot;

/// <summary>The values of <c>composefs.enabled</c>, from nothing to the strictest.</summary>
internal enum ComposefsDemand
{
    /// <summary>The root is the deployment's directory.</summary>
    No,

    /// <summary>The root is the deployment's image when there is one.</summary>
    Maybe,

    /// <summary>The root is the deployment's image, which is the one that the commit names.</summary>
    Yes,

    /// <summary>As <see cref="Yes"/>, and the kernel checks image and objects by fs-verity.</summary>
    Verity,

    /// <summary>As <see cref="Verity"/>, and the commit is signed by a key of the initramfs.</summary>
    Signed,
}
