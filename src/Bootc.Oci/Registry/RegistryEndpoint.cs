// A place where a repository can be reached.
namespace Bootc.Oci.Registry;

/// <summary>A mirror of a repository, or where it really is.</summary>
/// <param name="Location">The repository there, with the tag and digest of what is asked for.</param>
/// <param name="Insecure">Plain HTTP and unknown certificates are accepted.</param>
/// <param name="IsMirror">Another place is tried when this one does not have it or does not answer.</param>
internal sealed record RegistryEndpoint(RegistryReference Location, bool Insecure, bool IsMirror);
