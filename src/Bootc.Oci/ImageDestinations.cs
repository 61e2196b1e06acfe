// Opens the place that an image is written to.
using Bootc.Oci.Registry;
using Bootc.Oci.Transports;

namespace Bootc.Oci;

/// <summary>The places that images can be written to.</summary>
public static class ImageDestinations
{
    /// <summary>Opens the place that a reference names; a directory that is not there is made.</summary>
    /// <exception cref="OciException">The place is of a kind that is not supported, or has something else.</exception>
    /// <exception cref="FormatException">The name is none in a registry.</exception>
    public static IImageDestination Open(ImageReference reference, OciOptions? options = null)
    {
        options ??= new OciOptions();
        (string path, string? tag) = ImageSources.SplitPath(reference);
        return reference.Transport switch
        {
            Transport.Registry => new RegistryDestination(reference, new RegistryClient(options)),
            Transport.OciDirectory => new OciLayoutDestination(reference, path, tag),
            Transport.OciArchive => new OciArchiveDestination(reference, path, tag, options.TemporaryDirectory),
            Transport.Directory => new DirectoryDestination(reference),
            _ => throw new TransportNotSupportedException($"an image cannot be written to {reference}: write it to docker://NAME, oci:DIRECTORY[:TAG], oci-archive:FILE[:TAG] or dir:DIRECTORY, from where it can be copied"),
        };
    }
}
