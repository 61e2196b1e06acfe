// Shows nothing but warnings.
using Bootc.Deployments;
using Bootc.Oci.Model;

namespace Bootc.Cli.Presentation;

internal sealed class QuietProgress : IOperationProgress
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

    public void Warn(string message) => Console.Error.WriteLine($"warning: {ShownText.Line(message)}");

    public void Message(string text)
    {
    }
}
