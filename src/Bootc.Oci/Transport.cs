// The kinds of place that an image can be in.
namespace Bootc.Oci;

/// <summary>A kind of place that holds images (containers-transports(5)).</summary>
public enum Transport
{
    /// <summary><c>docker://</c> or <c>registry:</c>: a registry.</summary>
    Registry,

    /// <summary><c>oci:</c>: a directory with the OCI image layout.</summary>
    OciDirectory,

    /// <summary><c>oci-archive:</c>: that layout in a tar file.</summary>
    OciArchive,

    /// <summary><c>docker-archive:</c>: a tar file made by <c>docker save</c>.</summary>
    DockerArchive,

    /// <summary><c>dir:</c>: a directory with a manifest and blobs.</summary>
    Directory,

    /// <summary><c>containers-storage:</c>: the local store of podman and buildah.</summary>
    ContainersStorage,

    /// <summary><c>docker-daemon:</c>: a container engine.</summary>
    DockerDaemon,
}
