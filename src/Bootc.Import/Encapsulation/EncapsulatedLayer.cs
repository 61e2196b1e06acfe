// A layer of an encapsulated commit.
using Bootc.Oci.Model;

namespace Bootc.Import.Encapsulation;

/// <summary>A layer that was written.</summary>
/// <param name="Name">What it holds, for users.</param>
/// <param name="Layer">Its descriptor.</param>
/// <param name="DiffId">The digest of the layer uncompressed.</param>
/// <param name="Components">The packages whose files it holds; none for the layer of the commit itself.</param>
public sealed record EncapsulatedLayer(string Name, Descriptor Layer, Digest DiffId, IReadOnlyList<string> Components);
