// Tells progress to a person and to a program at once.
using Bootc.Deployments;
using Bootc.Oci.Model;

namespace Bootc.Cli.Presentation;

internal sealed class ProgressFanOut(JsonLinesProgress? json, IOperationProgress person) : IOperationProgress
{
    public void Reuse(long bytes)
    {
        json?.Reuse(bytes);
        person.Reuse(bytes);
    }

    public void Start(IReadOnlyList<Descriptor> toFetch, IReadOnlyList<Descriptor> present)
    {
        json?.Start(toFetch, present);
        person.Start(toFetch, present);
    }

    public void LayerProgress(Descriptor layer, long bytes)
    {
        json?.LayerProgress(layer, bytes);
        person.LayerProgress(layer, bytes);
    }

    public void LayerDone(Descriptor layer)
    {
        json?.LayerDone(layer);
        person.LayerDone(layer);
    }

    public void Step(string what)
    {
        json?.Step(what);
        person.Step(what);
    }

    public void Warn(string message) => person.Warn(message);

    public void Message(string text) => person.Message(text);
}
