// What lies beside an image in its repository, and is trusted as far as the image is.
using Bootc.Deployments.Status;
using Bootc.Oci;
using Bootc.Oci.Model;

namespace Bootc.Deployments;

/// <summary>Fetches an artifact of the repository that a host follows, under the policy for that.</summary>
public static class FollowedArtifact
{
    /// <summary>Fetches the one blob of an artifact.</summary>
    /// <param name="sysroot">The host.</param>
    /// <param name="followed">The image that it follows.</param>
    /// <param name="artifact">The artifact, in the same repository.</param>
    /// <param name="type">The type of the artifact.</param>
    /// <param name="limit">How large it may be, in bytes.</param>
    /// <param name="oci">How it is fetched.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The blob; <see langword="null"/> when there is no such artifact.</returns>
    /// <exception cref="PolicyRejectedException">It is not signed as images there must be; where the running image was signed, it must be, too.</exception>
    /// <exception cref="OciException">It cannot be had, or is something else.</exception>
    public static async Task<ReadOnlyMemory<byte>?> TryFetchAsync(
        Sysroot sysroot, OstreeImageReference followed, ImageReference artifact, string type, long limit, OciOptions oci, CancellationToken cancellation)
    {
        await using IImageSource source = ImageSources.Open(artifact, oci);
        ResolvedManifest manifest;
        try
        {
            manifest = await source.FetchManifestAsync(Platform.Current, cancellation).ConfigureAwait(false);
        }
        catch (ImageNotFoundException)
        {
            return null;
        }

        VerificationStatus? before = sysroot.Current is { } current ? Verification.Read(sysroot.Repository, current.Commit) : null;
        await ImagePolicy.For(followed, artifact, oci, sysroot.Repository, before).AdmitAsync(source, manifest, cancellation).ConfigureAwait(false);
        return manifest.Manifest is { Layers: [var layer] } found && found.ArtifactType == type && layer.MediaType == type
            ? await source.FetchSmallBlobAsync(layer, limit, cancellation).ConfigureAwait(false)
            : throw new ManifestException($"{artifact} is no artifact of the type {type} with one blob");
    }
}
