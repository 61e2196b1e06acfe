// How a commit is encapsulated.
using Bootc.Oci.Layers;
using Bootc.Oci.Model;

namespace Bootc.Import.Encapsulation;

/// <summary>Settings of an encapsulation. The same commit with the same settings gives the same image.</summary>
public sealed record EncapsulationOptions
{
    /// <summary>What <see cref="MaximumLayers"/> may be: a commit, new packages, and two layers of packages.</summary>
    public const int FewestLayers = 4;

    /// <summary>How many layers the image may have at the most.</summary>
    public int MaximumLayers { get; init; } = 64;

    /// <summary>The manifest of the image of a former commit: packages stay in the layers in which they are there.</summary>
    public ImageManifest? Previous { get; init; }

    /// <summary>Labels besides those that the commit gives.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>The platform that the image is for, where the commit does not say it.</summary>
    public Platform Platform { get; init; } = Platform.Current;

    /// <summary>How layers are compressed.</summary>
    public LayerCompression Compression { get; init; } = LayerCompression.Gzip;

    /// <summary>Layers are compressed fast instead of well.</summary>
    public bool CompressFast { get; init; }
}
