// A manifest or configuration is not of a kind that describes an image.
namespace Bootc.Oci;

/// <summary>A manifest, index or configuration is malformed or of an unsupported type.</summary>
public sealed class ManifestException(string message, Exception? inner = null) : OciException(message, inner);
