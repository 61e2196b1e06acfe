// What is known of an image before it is fetched.
using Bootc.Oci;
using Bootc.Oci.Model;

namespace Bootc.Install;

/// <summary>Looks an image up before anything is written: a misspelt name shall cost nothing.</summary>
internal static class SourceCheck
{
    /// <summary>Finds the image that is to be installed.</summary>
    /// <returns>The size of its layers as they are fetched, in bytes.</returns>
    /// <exception cref="OciException">It cannot be had.</exception>
    public static async Task<long> RunAsync(InstallOptions options, CancellationToken cancellation)
    {
        await using IImageSource source = ImageSources.Open(options.Source.Image, options.Oci);
        ImageManifest manifest = (await source.FetchManifestAsync(Platform.Current, cancellation).ConfigureAwait(false)).Manifest;
        return manifest.Layers.Sum(layer => layer.Size);
    }
}
