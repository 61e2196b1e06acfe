// --transport: the kind of place where an image is.
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Oci;

namespace Bootc.Cli.Commands;

internal static class TransportOption
{
    /// <summary>What counts where none is given.</summary>
    public const string Default = "registry";

    private static readonly Transport[] Known =
        [Transport.Registry, Transport.ContainersStorage, Transport.OciDirectory, Transport.OciArchive, Transport.DockerArchive, Transport.Directory, Transport.DockerDaemon];

    /// <summary>An option for one of the places that images can be fetched from.</summary>
    /// <param name="name">The option's name.</param>
    /// <param name="what">What is there, for its description.</param>
    public static Option<string?> Create(string name, string what) => new Option<string?>(name)
    {
        Description = $"Where {what} is: registry (the default), containers-storage (podman's and buildah's images on this machine), oci, oci-archive, docker-archive, dir, or docker-daemon (a container engine)",
        HelpName = "T",
    }.OneOf([.. Known.Select(ImageReference.NameOf)]);
}
