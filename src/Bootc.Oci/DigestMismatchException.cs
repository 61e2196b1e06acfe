// Content is not what its digest says.
using Bootc.Oci.Model;

namespace Bootc.Oci;

/// <summary>Content that was fetched does not have the digest or size by which it was asked for.</summary>
public sealed class DigestMismatchException(string what, Digest expected, string actual)
    : OciException($"{what} is not what was asked for: expected {expected}, got {actual}")
{
    /// <summary>The digest that was asked for.</summary>
    public Digest Expected { get; } = expected;
}
