// An image just brought into the repository, with what is at hand of it to deploy it.
using Bootc.Composefs;

namespace Bootc.Import;

/// <summary>An image in the repository and, when it was imported just now, its composefs image.</summary>
/// <param name="Image">The image.</param>
/// <param name="Facts">What is known of its files.</param>
/// <param name="Composefs">The composefs image of its commit, when it was made.</param>
public sealed record PulledImage(StoredImage Image, LayerFacts Facts, UnnamedImage? Composefs = null);
