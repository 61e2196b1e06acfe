// The wish in an origin, in rpm-ostree's keys.
using Bootc.Deployments;
using Bootc.Ostree;

namespace Bootc.Layering.Tests;

public sealed class PackageWishTests
{
    private const string Digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Fact]
    public void An_origin_of_rpm_ostree_is_read_and_written_as_it_is()
    {
        string text = $"[origin]\ncontainer-image-reference=ostree-unverified-registry:example.com/os\n\n[packages]\nrequested=htop;vim;\nrequested-local={Digest}:tool-1.0-1.x86_64;\n\n[overrides]\nremove=nano;\n\n[rpmostree]\ninitramfs=true\n";
        KeyFile file = KeyFile.Parse(text);

        PackageWish wish = PackageWish.Read(file);
        wish.Write(file);

        Assert.Equal(["htop", "vim"], wish.Requested);
        Assert.Equal([new LocalPackage(Digest, "tool-1.0-1.x86_64")], wish.Local);
        Assert.Equal(["nano"], wish.Removed);
        Assert.Equal(text, file.ToString());
    }

    [Fact]
    public void A_wish_for_nothing_leaves_no_group()
    {
        KeyFile file = KeyFile.Parse("[origin]\nrefspec=x\n");
        new PackageWish { Requested = ["htop"] }.Write(file);
        new PackageWish().Write(file);

        Assert.Equal(["origin"], file.Groups);
    }

    [Fact]
    public void A_malformed_file_of_a_package_is_an_error_that_names_it()
    {
        KeyFile file = KeyFile.Parse("[packages]\nrequested-local=../../etc/passwd;\n");

        Assert.Contains("../../etc/passwd", Assert.Throws<DeploymentException>(() => PackageWish.Read(file)).Message);
    }
}
