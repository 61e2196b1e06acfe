// What the settings say of one repository.
namespace Bootc.Oci.Registry;

/// <summary>How a repository may be reached.</summary>
/// <param name="Insecure">Plain HTTP and unknown certificates are accepted.</param>
/// <param name="Blocked">It must not be used.</param>
/// <param name="Location">Where it really is.</param>
internal sealed record RegistrySettings(bool Insecure, bool Blocked, RegistryReference Location);
