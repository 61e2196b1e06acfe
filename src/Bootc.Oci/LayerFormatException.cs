// A layer's bytes are damaged.
namespace Bootc.Oci;

/// <summary>A layer cannot be decompressed, or is not the layer that the image's configuration names.</summary>
public sealed class LayerFormatException(string message, Exception? inner = null) : OciException(message, inner);
