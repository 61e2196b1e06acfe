// The image of a release, for a host that follows images.
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Updates.Graph;

namespace Bootc.Updates.Agent;

/// <summary>Turns a release of a graph into the image that a host goes to.</summary>
public static class ReleaseImage
{
    /// <summary>The digest of a release's image, which is one of the repository that a host follows.</summary>
    /// <exception cref="UpdatesException">The release has no image, or one of another repository: a graph is trusted to choose among the images of what the host follows, and no others.</exception>
    public static Digest Choose(GraphNode release, HostRelease host)
    {
        Digest digest = ReadDigest(release);
        int at = release.Payload.LastIndexOf('@');
        string named = at < 0 ? "" : release.Payload[..at];
        if (named.Length == 0 || host.Repository is null)
        {
            return digest;
        }

        RegistryReference reference;
        try
        {
            reference = RegistryReference.Parse(named);
        }
        catch (FormatException e)
        {
            throw new UpdatesException($"the graph gives {release.Version} the image '{release.Payload}', which is none: {e.Message}", e);
        }

        return $"{reference.Registry}/{reference.Repository}" == host.Repository
            ? digest
            : throw new UpdatesException($"the graph leads to {release.Payload}, but this host follows {host.Repository}; 'bootc switch' follows another repository");
    }

    /// <summary>The digest of a release's image, whatever repository it is of.</summary>
    internal static Digest ReadDigest(GraphNode release) =>
        Digest.TryParse(release.ImageDigest, out Digest digest) ? digest : throw new UpdatesException($"the graph gives {release.Version} no image: its payload is '{release.Payload}'");
}
