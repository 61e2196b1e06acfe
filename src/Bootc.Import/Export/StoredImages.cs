// Commits of a repository as images, without the place that they came from.
using Bootc.Import.Encapsulation;
using Bootc.Linux;
using Bootc.Oci;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Import.Export;

/// <summary>Opens what a repository has as an image for others, such as a container engine.</summary>
public static class StoredImages
{
    /// <summary>
    /// Opens a commit as an image. The layers of an image that was imported are made anew of their commits; a commit that came
    /// otherwise, or as such, is encapsulated.
    /// </summary>
    /// <param name="repository">The repository.</param>
    /// <param name="commit">The commit.</param>
    /// <param name="reference">Its name in messages.</param>
    /// <param name="options">Where temporary files go.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="OciException">There is no room for temporary files.</exception>
    /// <exception cref="OstreeException">An object is missing or corrupt.</exception>
    /// <exception cref="ImportException">The image's metadata are malformed.</exception>
    public static async Task<IImageSource> OpenAsync(Repository repository, Checksum commit, ImageReference reference, OciOptions options, CancellationToken cancellation)
    {
        if (ImageStore.QueryCommit(repository, commit) is { } image && StoredImageSource.TryOpen(repository, image, reference) is { } source)
        {
            return source;
        }

        string directory = Path.Combine(options.TemporaryDirectory, "bootc-export-" + Path.GetRandomFileName());
        try
        {
            using (DirectoryHandle place = DirectoryHandle.Open(options.TemporaryDirectory))
            {
                place.CreateDirectory(Path.GetFileName(directory), 0x1C0); // 0700: a host's files are nobody's to read
            }

            var layout = new ImageReference(Transport.OciDirectory, directory);
            await using (IImageDestination destination = ImageDestinations.Open(layout, options))
            {
                await new CommitEncapsulation(repository, commit, new EncapsulationOptions { CompressFast = true }).WriteAsync(destination, null, cancellation).ConfigureAwait(false);
            }

            return new TemporaryImageSource(reference, ImageSources.Open(layout, options), directory);
        }
        catch (Exception e)
        {
            if (Directory.Exists(directory))
            {
                Directory.Delete(directory, recursive: true);
            }

            if (e is IOException or UnauthorizedAccessException or LinuxException)
            {
                throw new OciException($"the image cannot be written to {directory}: {e.Message}", e);
            }

            throw;
        }
    }
}
