// A layer of an image, and whether the repository has it.
using Bootc.Import.Chunked;
using Bootc.Oci.Model;
using Bootc.Ostree.Objects;

namespace Bootc.Import;

/// <summary>A layer of an image that is to be imported.</summary>
/// <param name="Layer">The layer's blob.</param>
/// <param name="DiffId">The digest of the layer uncompressed.</param>
/// <param name="Ref">The ref of its commit.</param>
/// <param name="Commit">Its commit, when the repository has it already.</param>
public sealed record LayerState(Descriptor Layer, Digest DiffId, string Ref, Checksum? Commit)
{
    /// <summary>What the layer holds.</summary>
    public LayerKind Kind { get; init; }

    /// <summary>How many bytes of it have to be fetched; fewer than it has when the repository has files of it already.</summary>
    public long BytesToFetch => Commit is not null ? 0 : Plan?.BytesToFetch ?? Layer.Size;

    /// <summary>How many bytes of it need not be fetched.</summary>
    public long BytesReused => Layer.Size - BytesToFetch;

    /// <summary>The layer's name in errors.</summary>
    internal string Name => $"layer {Layer.Digest}";

    /// <summary>Whether the repository has a layer of the same blob digest that is another one uncompressed.</summary>
    internal bool IsContested { get; init; }

    /// <summary>Which of its files the repository has, where it is of use to know.</summary>
    internal ChunkedPlan? Plan { get; init; }

    /// <summary>Why its table of contents is of no use, where it has one that is wrong.</summary>
    internal string? Fault { get; init; }

    /// <summary>The layer with the size that has to be fetched, as progress shows it.</summary>
    internal Descriptor Fetched => Plan is null ? Layer : Layer with { Size = Plan.BytesToFetch };
}
