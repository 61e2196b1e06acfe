// There is no such image where it was looked for.
namespace Bootc.Oci;

/// <summary>An image, tag or blob is not where it was looked for.</summary>
public sealed class ImageNotFoundException(string message, Exception? inner = null) : OciException(message, inner);
