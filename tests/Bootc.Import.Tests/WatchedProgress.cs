// What an import told while it ran.
using Bootc.Oci.Model;

namespace Bootc.Import.Tests;

internal sealed class WatchedProgress : IImportProgress
{
    private readonly Dictionary<Digest, long> _bytes = [];

    public List<string> Warnings { get; } = [];

    public IReadOnlyList<Descriptor> ToFetch { get; private set; } = [];

    public long Reused { get; private set; }

    /// <summary>How many bytes came, of all layers.</summary>
    public long Bytes => _bytes.Values.Sum();

    public void Reuse(long bytes) => Reused = bytes;

    public void Start(IReadOnlyList<Descriptor> toFetch, IReadOnlyList<Descriptor> present) => ToFetch = toFetch;

    public void LayerProgress(Descriptor layer, long bytes)
    {
        lock (_bytes)
        {
            _bytes[layer.Digest] = bytes;
        }
    }

    public void LayerDone(Descriptor layer)
    {
    }

    public void Step(string what)
    {
    }

    public void Warn(string message) => Warnings.Add(message);
}
