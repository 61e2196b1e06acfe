// image pull: an image in the store, and nothing that boots changed.
using Bootc.Import;
using Bootc.Oci;

namespace Bootc.Deployments;

/// <summary>Brings an image into a sysroot's repository without making a deployment of it. It stays there until it is removed.</summary>
public sealed class PullOperation(Sysroot sysroot, OciOptions oci, IOperationProgress progress)
{
    /// <summary>The image.</summary>
    public required OstreeImageReference Image { get; init; }

    /// <summary>Runs the operation.</summary>
    /// <exception cref="OciException">The image cannot be had.</exception>
    /// <exception cref="ImportException">The image cannot be imported.</exception>
    /// <exception cref="DeploymentException">It is no image that a host could boot.</exception>
    public async Task<OperationOutcome> RunAsync(CancellationToken cancellation)
    {
        using SysrootLock held = sysroot.Lock(progress, cancellation);
        var context = new OperationContext(sysroot, oci, progress);
        PreparedImport prepared = await context.PrepareAsync(Image, cancellation).ConfigureAwait(false);
        if (prepared.Present is { } present)
        {
            await prepared.Source.DisposeAsync().ConfigureAwait(false);
            progress.Message($"The store has {Image.Image} already{Describe.Image(present)}");
            return OperationOutcome.Unchanged;
        }

        PulledImage image = await context.PullAsync(prepared, cancellation).ConfigureAwait(false);
        context.CleanUp(); // of the image that was there under this reference
        progress.Message($"Pulled: {Image.Image}{Describe.Image(image.Image)}");
        return OperationOutcome.Prepared;
    }
}
