// What is known of an image before it is fetched.
using Bootc.Oci;
using Bootc.Oci.Model;

namespace Bootc.Install;

/// <summary>Looks images up before anything is written: a misspelt name shall cost nothing.</summary>
internal static class SourceCheck
{
    /// <summary>Finds the image that is to be installed, and that which updates come from where this is asked for.</summary>
    /// <returns>The size of its layers as they are fetched, in bytes.</returns>
    /// <exception cref="OciException">The image to install cannot be had.</exception>
    /// <exception cref="InstallException">The image for updates cannot be had.</exception>
    public static async Task<long> RunAsync(InstallOptions options, CancellationToken cancellation)
    {
        ImageManifest manifest = await FetchAsync(options.Source, options.Oci, cancellation).ConfigureAwait(false);
        if (options.ChecksTarget && options.Target is { } target && target.Image != options.Source.Image)
        {
            try
            {
                await FetchAsync(target, options.Oci, cancellation).ConfigureAwait(false);
            }
            catch (OciException e)
            {
                throw new InstallException($"the image for updates, {target.Image}, cannot be had", e);
            }
        }

        return manifest.Layers.Sum(layer => layer.Size);
    }

    private static async Task<ImageManifest> FetchAsync(OstreeImageReference reference, OciOptions options, CancellationToken cancellation)
    {
        await using IImageSource source = ImageSources.Open(reference.Image, options);
        return (await source.FetchManifestAsync(Platform.Current, cancellation).ConfigureAwait(false)).Manifest;
    }
}
