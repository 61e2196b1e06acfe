// What an operation told while it ran, kept for tests to look at.
using Bootc.Deployments;
using Bootc.Oci.Model;

namespace Bootc.Layering.Tests;

internal sealed class RecordedProgress : IOperationProgress
{
    public List<string> Messages { get; } = [];

    public List<string> Warnings { get; } = [];

    public List<string> Steps { get; } = [];

    public void Message(string text) => Messages.Add(text);

    public void Warn(string message) => Warnings.Add(message);

    public void Step(string what) => Steps.Add(what);

    public void Start(IReadOnlyList<Descriptor> toFetch, IReadOnlyList<Descriptor> present)
    {
    }

    public void LayerProgress(Descriptor layer, long bytes)
    {
    }

    public void LayerDone(Descriptor layer)
    {
    }
}
