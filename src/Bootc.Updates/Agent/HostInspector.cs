// Finds out what a host runs.
using Bootc.Deployments;
using Bootc.Deployments.Health;
using Bootc.Import;
using Bootc.Oci;

namespace Bootc.Updates.Agent;

/// <summary>Looks at a sysroot.</summary>
internal static class HostInspector
{
    private const string StreamLabel = "com.coreos.stream";

    /// <summary>The release that a host runs, or would boot next where nothing of the sysroot runs.</summary>
    /// <exception cref="UpdatesException">It runs no image.</exception>
    public static HostRelease Read(Sysroot sysroot)
    {
        Deployment current = sysroot.Current ?? throw new UpdatesException($"{sysroot.Path} has no deployment, so there is nothing to update");
        StoredImage image = ImageStore.QueryCommit(sysroot.Repository, current.Commit)
            ?? throw new UpdatesException($"deployment {current.DirectoryName} was made of no image, so there are no updates for it; choose an image with 'bootc switch'");
        RegistryReference? followed = current.Origin.Image?.Image is { Transport: Transport.Registry } reference ? RegistryReference.Parse(reference.Name) : null;
        return new HostRelease(image.ManifestDigest, image.Version ?? "", current.Commit.ToString())
        {
            Repository = followed is null ? null : $"{followed.Registry}/{followed.Repository}",
            FollowedDigest = followed?.Digest,
            Stream = image.Config.Labels.GetValueOrDefault(StreamLabel),
            Excluded = new HashSet<string>([.. FailedBoots.Load(sysroot).Digests, .. FindLeft(sysroot, current)], StringComparer.Ordinal),
        };
    }

    // What is there beside what runs, and is not about to boot, was left: by a rollback of the user's or of a boot that failed.
    private static IEnumerable<string> FindLeft(Sysroot sysroot, Deployment current) => sysroot.Deployments
        .Where(deployment => deployment is { IsStaged: false, IsBooted: false } && !deployment.IsSame(current))
        .Select(deployment => ImageStore.QueryCommit(sysroot.Repository, deployment.Commit)?.ManifestDigest.ToString())
        .OfType<string>();
}
