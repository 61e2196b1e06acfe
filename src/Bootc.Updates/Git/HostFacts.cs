// What the agent finds a host to be.
using Bootc.Oci;
using Bootc.Updates.Agent;

namespace Bootc.Updates.Git;

/// <summary>What a host runs.</summary>
/// <param name="Release">The release.</param>
/// <param name="Followed">The image that it follows.</param>
/// <param name="FailedBoots">Why images did not boot well on it, by digest.</param>
internal sealed record HostFacts(HostRelease Release, OstreeImageReference? Followed, IReadOnlyDictionary<string, string> FailedBoots);
