// A graph that was put beside its images.
using Bootc.Oci;
using Bootc.Oci.Model;

namespace Bootc.Updates.Graph;

/// <summary>A graph in a registry.</summary>
/// <param name="Place">Where hosts look for it.</param>
/// <param name="Digest">The digest of its manifest.</param>
/// <param name="Subject">The image to which it refers; <see langword="null"/> when the repository has none of its images.</param>
/// <param name="Signer">Who signed it; <see langword="null"/> when nobody did.</param>
public sealed record PushedGraph(RegistryReference Place, Digest Digest, Digest? Subject, string? Signer);
