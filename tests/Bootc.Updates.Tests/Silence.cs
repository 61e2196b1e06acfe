// Nobody watches.
using Bootc.Deployments;
using Bootc.Oci.Model;

namespace Bootc.Updates.Tests;

/// <summary>Hears of an operation, and says nothing.</summary>
internal sealed class Silence : IOperationProgress
{
    public void Start(IReadOnlyList<Descriptor> toFetch, IReadOnlyList<Descriptor> present)
    {
    }

    public void LayerProgress(Descriptor layer, long bytes)
    {
    }

    public void LayerDone(Descriptor layer)
    {
    }

    public void Step(string what)
    {
    }

    public void Warn(string message)
    {
    }

    public void Message(string text)
    {
    }
}
