// A reference names a place from which this program cannot fetch.
namespace Bootc.Oci;

/// <summary>An image reference names a transport that this program does not fetch from.</summary>
public sealed class TransportNotSupportedException(string message) : OciException(message);
