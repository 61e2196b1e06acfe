// Which images the host binds besides those that its own image binds.
using Bootc.Oci;

namespace Bootc.Deployments.Bound;

/// <summary>Fetches the images that the host is to bind and remembers them, for the deployment that boots next and those after it; lets go of others that were asked for before. Nothing needs to boot for it.</summary>
public sealed class BindImagesOperation(Sysroot sysroot, OciOptions oci, IOperationProgress progress)
{
    /// <summary>The images, and no others besides those that the image binds.</summary>
    public required IReadOnlyList<string> Images { get; init; }

    /// <summary>Runs the operation.</summary>
    /// <exception cref="BoundImageException">An image cannot be had: nothing is changed.</exception>
    /// <exception cref="DeploymentException">There is no deployment.</exception>
    public OperationOutcome Run(CancellationToken cancellation)
    {
        using SysrootLock held = sysroot.Lock(progress, cancellation);
        // What runs keeps what it has where something else boots next.
        Deployment next = sysroot.Staged ?? sysroot.Current ?? throw new DeploymentException($"{sysroot.Path} has no deployment that could bind images");
        if (IsSame(next.Origin.BoundImages, Images))
        {
            return OperationOutcome.Unchanged;
        }

        var store = new BoundStore(sysroot, oci, progress);
        store.Fetch(next.Commit, new Origin { BoundImages = Images }, cancellation);
        next.Origin.BoundImages = Images;
        sysroot.WriteOrigin(next);
        store.Prune();
        return OperationOutcome.Changed;
    }

    private static bool IsSame(IReadOnlyList<string> one, IReadOnlyList<string> other) => one.Order(StringComparer.Ordinal).SequenceEqual(other.Order(StringComparer.Ordinal));
}
