// edit: make the host what a document says.
using Bootc.Deployments;
using Bootc.Layering;
using Bootc.Oci;

namespace Bootc.Updates.Documents;

/// <summary>Carries out what a <see cref="HostDocument"/> changes, by the verbs that there are for it.</summary>
public sealed class EditOperation(Sysroot sysroot, OciOptions oci, IOperationProgress progress)
{
    /// <summary>Runs the operation.</summary>
    /// <exception cref="UpdatesException">The document asks for something that cannot be.</exception>
    /// <exception cref="OciException">The image cannot be had.</exception>
    /// <exception cref="DeploymentException">It cannot be deployed.</exception>
    public async Task<OperationOutcome> RunAsync(HostDocument wish, CancellationToken cancellation)
    {
        OstreeImageReference? followed = (sysroot.Staged ?? sysroot.Booted ?? sysroot.Default)?.Origin.Image;
        bool changesImage = wish.Image != followed, changesOrder = wish.BootsRollback != IsRollbackQueued;
        switch (changesImage, changesOrder)
        {
            case (false, false):
                progress.Message("Nothing to change: the host is as the document says");
                return OperationOutcome.Unchanged;
            case (true, true):
                throw new UpdatesException("the document changes both the image (spec.image) and what boots next (spec.bootOrder): change one of them at a time");
            case (true, false):
                OstreeImageReference target = wish.Image ?? throw new UpdatesException("the document has no image (spec.image), and a host cannot be told to follow none");
                return await new SwitchOperation(sysroot, oci, progress) { Target = target, Deriver = new PackageLayering() }.RunAsync(cancellation).ConfigureAwait(false);
            default:
                return new RollbackOperation(sysroot, progress).Run(cancellation);
        }
    }

    private bool IsRollbackQueued => Bootc.Deployments.Status.HostStatusBuilder.Build(sysroot).Status.RollbackQueued;
}
