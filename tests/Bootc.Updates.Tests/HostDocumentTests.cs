// BootcHost documents that people write.
using Bootc.Oci;
using Bootc.Testing;
using Bootc.Updates.Documents;

namespace Bootc.Updates.Tests;

public class HostDocumentTests
{
    private const string Start = "apiVersion: org.containers.bootc/v1\nkind: BootcHost\nmetadata: {name: host}\n";

    [Fact]
    public void An_image_has_a_transport_and_a_verification()
    {
        HostDocument document = Read("spec:\n  bootOrder: rollback\n  image:\n    image: quay.io/example/os:stable\n    transport: registry\n    signature: containerPolicy\nstatus: {anything: [goes]}\n");

        Assert.True(document.BootsRollback);
        Assert.Equal("ostree-image-signed:docker://quay.io/example/os:stable", document.Image!.ToString());
        Assert.Equal("ostree-remote-image:fedora:docker://quay.io/example/os", Read("spec: {image: {image: quay.io/example/os, signature: {ostreeRemote: fedora}}}").Image!.ToString());
        Assert.Equal("ostree-remote-image:fedora:docker://quay.io/example/os", Read("spec: {image: {image: quay.io/example/os, signature: !ostreeRemote fedora}}").Image!.ToString());
        Assert.Equal("ostree-remote-image:fedora:docker://quay.io/example/os", Read("spec: {image: {image: quay.io/example/os, signature: !ostreeRemote \"fedora\"}}").Image!.ToString());
        Assert.Equal(OstreeImageReference.Unverified(ImageReference.Parse("oci:/images:1")), Read("spec: {image: {image: '/images:1', transport: oci, signature: null}}").Image);
        Assert.Equal(new HostDocument(null, false), Read("spec: {image: null, bootOrder: default}"));
    }

    [Fact]
    public void What_bootc_writes_is_read()
    {
        string[] paths = [.. TestData.Files("bootc", "spec*.yaml").Select(name => TestData.Get($"bootc/{name}"))];
        Assert.SkipWhen(paths.Length == 0, "the reference files are not here");

        Assert.All(paths, path => _ = HostDocument.Parse(File.ReadAllText(path), path));
        Assert.Contains(paths, path => HostDocument.Parse(File.ReadAllText(path), path).Image is not null);
    }

    [Theory]
    [InlineData("spec: {}\nmore: 1", "host.yaml:5:7: error: the document has a member 'more', which org.containers.bootc/v1 does not know")]
    [InlineData("spec: {bootOrder: backwards}", "host.yaml:4:19: error: bootOrder is 'backwards', not default or rollback")]
    [InlineData("spec: {image: {image: 'Quay.io/UPPER/x'}}", "host.yaml:4:15: error: ")]
    [InlineData("spec: {image: {image: x, transport: nowhere}}", "host.yaml:4:15: error: ")]
    [InlineData("spec: {image: {image: quay.io/x/y, signature: none}}", "host.yaml:4:47: error: signature is neither containerPolicy nor insecure nor an ostreeRemote")]
    [InlineData("nothing: 1", "host.yaml:1:1: error: the document has no spec")]
    [InlineData("spec: [", "host.yaml:")]
    public void What_is_wrong_is_named_with_its_place(string text, string message) =>
        Assert.StartsWith(message, Assert.Throws<UpdatesException>(() => Read(text)).Message);

    [Fact]
    public void Other_documents_are_refused()
    {
        Assert.Equal("d.yaml:1:1: error: kind is 'Pod', not BootcHost", Assert.Throws<UpdatesException>(() => HostDocument.Parse("apiVersion: org.containers.bootc/v1\nkind: Pod\nspec: {}", "d.yaml")).Message);
        Assert.Equal("d.yaml:1:1: error: apiVersion is 'v2', not org.containers.bootc/v1", Assert.Throws<UpdatesException>(() => HostDocument.Parse("apiVersion: v2\nkind: BootcHost\nspec: {}", "d.yaml")).Message);
    }

    private static HostDocument Read(string spec) => HostDocument.Parse(Start + spec, "host.yaml");
}
