// A place gives no parts of blobs.
namespace Bootc.Oci;

/// <summary>A registry gives blobs only whole, or not the ranges that were asked for.</summary>
public sealed class RangesNotSupportedException(string message, Exception? inner = null) : OciException(message, inner);
