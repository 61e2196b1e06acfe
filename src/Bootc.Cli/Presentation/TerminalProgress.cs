// Shows progress as bars: one for each layer, one for all, and a spinner for each step.
using System.Collections.Concurrent;
using Bootc.Deployments;
using Bootc.Oci.Model;
using Spectre.Console;

namespace Bootc.Cli.Presentation;

internal sealed class TerminalProgress(ProgressWords words) : IOperationProgress
{
    private readonly ConcurrentDictionary<Digest, ProgressTask> _layers = new();
    private readonly ConcurrentDictionary<Digest, long> _received = new();
    private readonly List<string> _messages = [];
    private ProgressContext? _context;
    private ProgressTask? _total;
    private ProgressTask? _step;
    private long _reused;

    public void Attach(ProgressContext context) => _context = context;

    public void Reuse(long bytes) => _reused = bytes;

    public void Start(IReadOnlyList<Descriptor> toFetch, IReadOnlyList<Descriptor> present)
    {
        EndStep();
        if (toFetch.Count == 0)
        {
            return;
        }

        _received.Clear(); // an image may be read twice
        _layers.Clear();
        string reused = (present.Count > 0 ? $", {present.Count} reused" : "") + (_reused > 0 ? $", {Bytes.Format(_reused)} of files reused" : "");
        _total = _context!.AddTask($"{words.Doing} {toFetch.Count} {words.Things}{(toFetch.Count == 1 ? "" : "s")}{reused}", maxValue: toFetch.Sum(layer => layer.Size));
        foreach (Descriptor layer in toFetch)
        {
            _layers[layer.Digest] = _context.AddTask("  " + Bytes.Short(layer.Digest), maxValue: layer.Size);
        }
    }

    public void LayerProgress(Descriptor layer, long bytes)
    {
        _received[layer.Digest] = bytes;
        if (_layers.TryGetValue(layer.Digest, out ProgressTask? task))
        {
            task.Value = bytes;
        }

        _total!.Value = _received.Values.Sum();
    }

    public void LayerDone(Descriptor layer)
    {
        LayerProgress(layer, layer.Size);
        _layers[layer.Digest].StopTask();
        if (_layers.Values.All(task => task.IsFinished))
        {
            _total!.StopTask();
        }
    }

    public void Step(string what)
    {
        EndStep();
        _step = _context!.AddTask(ShownText.Line(what), maxValue: 1);
        _step.IsIndeterminate = true;
    }

    public void Warn(string message) => Keep($"warning: {ShownText.Line(message)}");

    public void Message(string text) => Keep(ShownText.Lines(text));

    /// <summary>Prints what was said while the bars were there.</summary>
    public void PrintMessages()
    {
        foreach (string message in _messages)
        {
            (message.StartsWith("warning: ", StringComparison.Ordinal) ? Console.Error : Console.Out).WriteLine(message);
        }
    }

    // A wait for another program is of no use when it is told afterwards.
    private void Keep(string text)
    {
        if (text.StartsWith("Waiting", StringComparison.Ordinal))
        {
            Console.Error.WriteLine(text);
            return;
        }

        lock (_messages)
        {
            EndStep();
            _messages.Add(text);
        }
    }

    private void EndStep()
    {
        if (_step is { } step)
        {
            step.IsIndeterminate = false;
            step.Value = 1;
            step.StopTask();
            _step = null;
        }
    }
}
