// Shows the progress of a push as that of any operation.
using Bootc.Deployments;
using Bootc.Oci;
using Bootc.Oci.Model;

namespace Bootc.Cli.Presentation;

internal sealed class PushProgress(IOperationProgress progress) : IPushProgress
{
    public void Start(IReadOnlyList<Descriptor> toPush, IReadOnlyList<Descriptor> present) => progress.Start(toPush, present);

    public void BlobProgress(Descriptor blob, long bytes) => progress.LayerProgress(blob, bytes);

    public void BlobDone(Descriptor blob, BlobPlacement placement) => progress.LayerDone(blob);
}
