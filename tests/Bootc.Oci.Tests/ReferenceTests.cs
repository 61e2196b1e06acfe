// References are read as containers/image and ostree-ext read them.
using Bootc.Oci.Model;
using Xunit;

namespace Bootc.Oci.Tests;

public sealed class ReferenceTests
{
    private const string Sha = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    [Theory]
    [InlineData("registry:quay.io/os/image:tag", Transport.Registry, "quay.io/os/image:tag", "docker://quay.io/os/image:tag")]
    [InlineData("docker://quay.io/os/image:tag", Transport.Registry, "quay.io/os/image:tag", "docker://quay.io/os/image:tag")]
    [InlineData("oci:/some/where:tag", Transport.OciDirectory, "/some/where:tag", "oci:/some/where:tag")]
    [InlineData("oci-archive:/file.tar", Transport.OciArchive, "/file.tar", "oci-archive:/file.tar")]
    [InlineData("docker-archive:/file.tar:name:tag", Transport.DockerArchive, "/file.tar:name:tag", "docker-archive:/file.tar:name:tag")]
    [InlineData("dir:/d", Transport.Directory, "/d", "dir:/d")]
    [InlineData("containers-storage:localhost/x", Transport.ContainersStorage, "localhost/x", "containers-storage:localhost/x")]
    [InlineData("docker-daemon:x:latest", Transport.DockerDaemon, "x:latest", "docker-daemon:x:latest")]
    public void Transports_are_told_by_their_prefix(string text, Transport transport, string name, string shown)
    {
        ImageReference reference = ImageReference.Parse(text);

        Assert.Equal((transport, name, shown), (reference.Transport, reference.Name, reference.ToString()));
        Assert.Equal(reference, ImageReference.Parse(shown));
    }

    [Theory]
    [InlineData("quay.io/os/image")]
    [InlineData("")]
    [InlineData("unknown:x")]
    [InlineData("docker:quay.io/x")]
    [InlineData("registry:")]
    [InlineData("docker://")]
    [InlineData("oci:")]
    public void What_names_no_place_is_refused(string text) => Assert.Throws<FormatException>(() => ImageReference.Parse(text));

    [Theory]
    [InlineData("quay.io/os/image:tag", "quay.io", "os/image", "tag", null)]
    [InlineData("debian", "docker.io", "library/debian", null, null)]
    [InlineData("debian:13", "docker.io", "library/debian", "13", null)]
    [InlineData("user/image", "docker.io", "user/image", null, null)]
    [InlineData("docker.io/debian:13", "docker.io", "library/debian", "13", null)]
    [InlineData("index.docker.io/debian", "docker.io", "library/debian", null, null)]
    [InlineData("index.docker.io/user/image", "docker.io", "user/image", null, null)]
    [InlineData("docker.io/user/a/b", "docker.io", "user/a/b", null, null)]
    [InlineData("Host/image", "Host", "image", null, null)]
    [InlineData("quay.io/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "quay.io", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", null, null)]
    [InlineData("localhost/image", "localhost", "image", null, null)]
    [InlineData("localhost:5000/image", "localhost:5000", "image", null, null)]
    [InlineData("registry.example.com:5000/a/b/c:v1", "registry.example.com:5000", "a/b/c", "v1", null)]
    [InlineData("[::1]:5000/image:x", "[::1]:5000", "image", "x", null)]
    [InlineData("quay.io/os/image@" + Sha, "quay.io", "os/image", null, Sha)]
    [InlineData("quay.io/os/image:tag@" + Sha, "quay.io", "os/image", "tag", Sha)]
    [InlineData("127.0.0.1:5000/a__b/c-d.e", "127.0.0.1:5000", "a__b/c-d.e", null, null)]
    public void Names_in_registries_have_parts(string name, string registry, string repository, string? tag, string? digest)
    {
        RegistryReference reference = RegistryReference.Parse(name);

        Assert.Equal((registry, repository, tag, digest), (reference.Registry, reference.Repository, reference.Tag, reference.Digest?.ToString()));
        Assert.Equal(digest ?? tag ?? "latest", reference.Reference);
        Assert.Equal(reference, RegistryReference.Parse(reference.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("quay.io/")]
    [InlineData("quay.io/Upper/case")]
    [InlineData("quay.io/a//b")]
    [InlineData("quay.io/a:")]
    [InlineData("quay.io/a:-tag")]
    [InlineData("quay.io/a:tag with space")]
    [InlineData("quay.io/a@sha256:123")]
    [InlineData("quay.io/a@md5:d41d8cd98f00b204e9800998ecf8427e")]
    [InlineData("quay.io/../a")]
    [InlineData("quay.io/a/\n")]
    [InlineData("https://quay.io/a")]
    [InlineData("registry:quay.io/a")]
    [InlineData("registry:127.0.0.1:5000/a")]
    [InlineData("quay.io:port/a")]
    [InlineData("Image")]
    [InlineData("user/Image")]
    [InlineData("dock_.er/image")]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    [InlineData("quay..io/a")]
    [InlineData("user@quay.io/a")]
    public void Malformed_names_are_refused(string name) => Assert.Throws<FormatException>(() => RegistryReference.Parse(name));

    [Theory]
    [InlineData("ostree-unverified-registry:quay.io/a/b", SignatureVerification.ContainerPolicyAllowInsecure, null, "docker://quay.io/a/b", null)]
    [InlineData("ostree-unverified-image:docker://quay.io/a/b", SignatureVerification.ContainerPolicyAllowInsecure, null, "docker://quay.io/a/b", "ostree-unverified-registry:quay.io/a/b")]
    [InlineData("ostree-unverified-image:oci:/path", SignatureVerification.ContainerPolicyAllowInsecure, null, "oci:/path", null)]
    [InlineData("ostree-image-signed:docker://quay.io/a/b", SignatureVerification.ContainerPolicy, null, "docker://quay.io/a/b", null)]
    [InlineData("ostree-image-signed:registry:quay.io/a/b", SignatureVerification.ContainerPolicy, null, "docker://quay.io/a/b", "ostree-image-signed:docker://quay.io/a/b")]
    [InlineData("ostree-remote-registry:fedora:quay.io/a/b", SignatureVerification.OstreeRemote, "fedora", "docker://quay.io/a/b", "ostree-remote-image:fedora:docker://quay.io/a/b")]
    [InlineData("ostree-remote-image:fedora:docker://quay.io/a/b", SignatureVerification.OstreeRemote, "fedora", "docker://quay.io/a/b", null)]
    [InlineData("ostree-remote-image:fedora:oci:/path", SignatureVerification.OstreeRemote, "fedora", "oci:/path", null)]
    public void References_of_deployments_say_how_they_are_verified(string text, SignatureVerification verification, string? remote, string image, string? shown)
    {
        OstreeImageReference reference = OstreeImageReference.Parse(text);

        Assert.Equal((verification, remote, image), (reference.Verification, reference.Remote, reference.Image.ToString()));
        Assert.Equal(shown ?? text, reference.ToString());
        Assert.Equal(reference, OstreeImageReference.Parse(reference.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("quay.io/a/b")]
    [InlineData("docker://quay.io/a/b")]
    [InlineData("ostree-remote-image:")]
    [InlineData("ostree-remote-image::docker://x")]
    [InlineData("ostree-image-signed:")]
    [InlineData("ostree-unverified-registry:")]
    public void What_is_no_reference_of_a_deployment_is_refused(string text) => Assert.Throws<FormatException>(() => OstreeImageReference.Parse(text));

    [Theory]
    [InlineData("sha256:abc")]
    [InlineData("sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855")]
    [InlineData("sha256:../../../../../../../../../../../../../../../../../../../etc/passwd")]
    [InlineData("md5:d41d8cd98f00b204e9800998ecf8427e")]
    [InlineData("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    public void Malformed_digests_are_refused(string text) => Assert.False(Digest.TryParse(text, out _));
}
