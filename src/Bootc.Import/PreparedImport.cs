// What an import would do.
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Ostree.Objects;

namespace Bootc.Import;

/// <summary>An image that was looked up, with what is needed to import it.</summary>
public sealed record PreparedImport
{
    /// <summary>Where the image is.</summary>
    public required IImageSource Source { get; init; }

    /// <summary>The reference under which the image is kept.</summary>
    public required ImageReference Reference { get; init; }

    /// <summary>The manifest.</summary>
    public required ResolvedManifest Manifest { get; init; }

    /// <summary>The configuration.</summary>
    public required ImageConfig Config { get; init; }

    /// <summary>The configuration's bytes.</summary>
    public required ReadOnlyMemory<byte> ConfigBytes { get; init; }

    /// <summary>The layers, lowest first.</summary>
    public required IReadOnlyList<LayerState> Layers { get; init; }

    /// <summary>The ostree commit that the image says its layers hold, if it does.</summary>
    public Checksum? OstreeCommit { get; init; }

    /// <summary>The image under this reference that the repository has, if any.</summary>
    public StoredImage? Previous { get; init; }

    /// <summary>The very image, when the repository has it already.</summary>
    public StoredImage? Present { get; init; }

    /// <summary>The layers that have to be fetched.</summary>
    public IEnumerable<LayerState> LayersToFetch => Layers.Where(layer => layer.Commit is null);

    /// <summary>How many bytes have to be fetched.</summary>
    public long BytesToFetch => LayersToFetch.DistinctBy(layer => layer.Layer.Digest).Sum(layer => layer.BytesToFetch);

    /// <summary>How many bytes of layers that have to be fetched are in the repository already, as files of other layers.</summary>
    public long BytesReused => LayersToFetch.DistinctBy(layer => layer.Layer.Digest).Sum(layer => layer.BytesReused);

    /// <summary>The image's version label, if any.</summary>
    public string? Version => StoredImage.VersionOf(Config);
}
