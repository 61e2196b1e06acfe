// Opens the place that an image reference names.
using Bootc.Oci.Registry;
using Bootc.Oci.Transports;

namespace Bootc.Oci;

/// <summary>The places from which images can be fetched.</summary>
public static class ImageSources
{
    /// <summary>Opens the image that a reference names; nothing is fetched yet from a registry.</summary>
    /// <exception cref="OciException">The place is not there or of a kind that is not supported.</exception>
    public static IImageSource Open(ImageReference reference, OciOptions? options = null)
    {
        options ??= new OciOptions();
        (string path, string? tag) = SplitPath(reference);
        return reference.Transport switch
        {
            Transport.Registry when options.Spool is { } spool => new SpooledSource(new RegistryImageSource(reference, new RegistryClient(options)), spool),
            Transport.Registry => new RegistryImageSource(reference, new RegistryClient(options)),
            Transport.OciDirectory => new OciLayoutSource(reference, new DirectoryLayout(path), tag),
            Transport.OciArchive => new OciLayoutSource(reference, new ArchiveLayout(path, options.TemporaryDirectory), tag),
            Transport.DockerArchive => new DockerArchiveSource(reference, new ArchiveLayout(path, options.TemporaryDirectory), tag),
            Transport.Directory => new DirectoryImageSource(reference),
            Transport.ContainersStorage => new ContainersStorageSource(reference, options),
            Transport.DockerDaemon => new DockerDaemonSource(reference, options),
            _ => throw new TransportNotSupportedException($"images cannot be fetched from {ImageReference.NameOf(reference.Transport)}:"),
        };
    }

    // "path:tag", as containers/image reads it: what follows the path may have slashes and colons of its own.
    internal static (string Path, string? Tag) SplitPath(ImageReference reference)
    {
        int colon = reference.Name.IndexOf(':');
        return colon < 0 ? (reference.Name, null) : (reference.Name[..colon], reference.Name[(colon + 1)..]);
    }
}
