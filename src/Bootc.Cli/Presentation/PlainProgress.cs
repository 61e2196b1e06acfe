// Shows progress as lines, for logs and pipes.
using Bootc.Deployments;
using Bootc.Oci.Model;

namespace Bootc.Cli.Presentation;

internal sealed class PlainProgress(ProgressWords? words = null) : IOperationProgress
{
    private readonly ProgressWords _words = words ?? ProgressWords.Pull;
    private int _total;
    private int _done;
    private long _reused;

    public void Reuse(long bytes) => _reused = bytes;

    public void Start(IReadOnlyList<Descriptor> toFetch, IReadOnlyList<Descriptor> present)
    {
        _total = toFetch.Count;
        _done = 0; // an image may be read twice
        string reused = _reused > 0 ? $", {Bytes.Format(_reused)} reused" : "";
        Console.Error.WriteLine($"{_words.Things}s already present: {present.Count}; {_words.Things}s to {_words.Verb}: {toFetch.Count} ({Bytes.Format(toFetch.Sum(layer => layer.Size))}{reused})");
    }

    public void LayerProgress(Descriptor layer, long bytes)
    {
    }

    public void LayerDone(Descriptor layer) =>
        Console.Error.WriteLine($"[{Interlocked.Increment(ref _done)}/{_total}] {Bytes.Short(layer.Digest)} ({Bytes.Format(layer.Size)})");

    public void Step(string what) => Console.Error.WriteLine(ShownText.Line(what));

    public void Warn(string message) => Console.Error.WriteLine($"warning: {ShownText.Line(message)}");

    public void Message(string text) => Console.Out.WriteLine(ShownText.Lines(text));
}
