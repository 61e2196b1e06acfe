// Progress as JSON lines, for programs that wrap this one.
using System.Text.Json;
using Bootc.Oci.Model;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Cli.Presentation;

/// <summary>Writes the progress stream of bootc (schema progress-v0), at most some lines a second for bytes that come.</summary>
internal sealed class JsonLinesProgress : IDisposable
{
    private const long Interval = 100; // milliseconds
    private readonly FileStream _output;
    private readonly Lock _gate = new();
    private readonly Dictionary<Digest, (Descriptor Layer, long Bytes)> _layers = [];
    private readonly List<string> _steps = [];
    private readonly ProgressWords _words;
    private long _cachedBytes;
    private long _reusedBytes;
    private int _cachedLayers;
    private int _doneLayers;
    private long _last;
    private bool _isReaderGone;

    public JsonLinesProgress(int descriptor, ProgressWords words)
    {
        _words = words;
        try
        {
            _output = new FileStream(new SafeFileHandle(descriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);
            _output.Write(Serialize(new ProgressEvent { Type = "Start", Version = "org.containers.bootc.progress/v1" }));
        }
        catch (Exception e) when (e is IOException or ArgumentException or UnauthorizedAccessException)
        {
            throw new IOException($"the file descriptor {descriptor} of --progress-fd is not open for writing", e);
        }
    }

    public void Reuse(long bytes)
    {
        lock (_gate)
        {
            _reusedBytes = bytes;
        }
    }

    public void Start(IReadOnlyList<Descriptor> toFetch, IReadOnlyList<Descriptor> present)
    {
        lock (_gate)
        {
            _cachedBytes = _reusedBytes + present.Sum(layer => layer.Size);
            _cachedLayers = present.Count;
            _doneLayers = 0; // an image may be read twice
            _layers.Clear();
            foreach (Descriptor layer in toFetch)
            {
                _layers[layer.Digest] = (layer, 0);
            }

            WriteBytes();
        }
    }

    public void LayerProgress(Descriptor layer, long bytes)
    {
        lock (_gate)
        {
            _layers[layer.Digest] = (layer, bytes);
            if (Environment.TickCount64 - _last >= Interval)
            {
                WriteBytes();
            }
        }
    }

    public void LayerDone(Descriptor layer)
    {
        lock (_gate)
        {
            _layers[layer.Digest] = (layer, layer.Size);
            _doneLayers++;
            WriteBytes();
        }
    }

    public void Step(string what)
    {
        lock (_gate)
        {
            _steps.Add(what);
            WriteSteps(completed: _steps.Count - 1);
        }
    }

    /// <summary>Says that the last step is done.</summary>
    public void Finish()
    {
        lock (_gate)
        {
            if (_steps.Count > 0)
            {
                WriteSteps(completed: _steps.Count);
            }
        }
    }

    public void Dispose() => _output.Dispose();

    private void WriteSteps(int completed) => Write(new ProgressEvent
    {
        Type = "ProgressSteps",
        Task = "deploying",
        Description = "Deploying image",
        Id = "deploying",
        StepsCached = 0,
        Steps = completed,
        StepsTotal = _steps.Count,
        Subtasks = [.. _steps.Select((step, i) => new ProgressEvent.Subtask { Name = "step", Description = step, Id = $"step-{i}", Completed = i < completed })],
    });

    private void WriteBytes()
    {
        _last = Environment.TickCount64;
        Write(new ProgressEvent
        {
            Type = "ProgressBytes",
            Task = _words.Task,
            Description = _words.Description,
            Id = _words.Task,
            BytesCached = _cachedBytes,
            Bytes = _layers.Values.Sum(layer => layer.Bytes),
            BytesTotal = _layers.Values.Sum(layer => layer.Layer.Size),
            StepsCached = _cachedLayers,
            Steps = _doneLayers,
            StepsTotal = _layers.Count,
            Subtasks = [.. _layers.Values.Select(layer => new ProgressEvent.Subtask
            {
                Name = "ostree_derived",
                Description = $"Derived Layer: {Presentation.Bytes.Short(layer.Layer.Digest)}",
                Id = layer.Layer.Digest.ToString(),
                BytesCached = 0,
                Bytes = layer.Bytes,
                BytesTotal = layer.Layer.Size,
            })],
        });
    }

    // Work goes on when the program that reads goes away.
    private void Write(ProgressEvent line)
    {
        if (_isReaderGone)
        {
            return;
        }

        try
        {
            _output.Write(Serialize(line));
        }
        catch (IOException)
        {
            _isReaderGone = true;
        }
    }

    private static byte[] Serialize(ProgressEvent line) => [.. JsonSerializer.SerializeToUtf8Bytes(line, CliJson.Default.ProgressEvent), (byte)'\n'];
}
