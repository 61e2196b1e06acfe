// Opens the place that an image is written to.
using Bootc.Oci.Transports;

namespace Bootc.Oci;

/// <summary>The places that images can be written to.</summary>
public static class ImageDestinations
{
    /// <summary>Opens the place that a reference names; a directory that is not there is made.</summary>
    /// <exception cref="OciException">The place is of a kind that is not supported.</exception>
    public static IImageDestination Open(ImageReference reference)
    {
        if (reference.Transport != Transport.OciDirectory)
        {
            throw new TransportNotSupportedException($"an image cannot be written to {reference}: write it to oci:DIRECTORY[:TAG], from where it can be pushed or copied");
        }

        (string path, string? tag) = ImageSources.SplitPath(reference);
        return new OciLayoutDestination(reference, path, tag);
    }
}
