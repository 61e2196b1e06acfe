// Origins keep what other tools wrote into them.
using Bootc.Oci;
using Bootc.Ostree;

namespace Bootc.Deployments.Tests;

public class OriginTests
{
    private const string Text = """
        # by hand
        [origin]
        refspec=upstream:os/stable
        container-image-reference=ostree-unverified-registry:quay.io/os/image:1

        [libostree-transient]
        pinned=true

        [packages]
        requested=vim;tmux;

        """;

    [Fact]
    public void Other_image_replaces_image_and_ref_and_what_belongs_to_one_deployment()
    {
        Origin origin = new Origin(KeyFile.Parse(Text)).WithImage(OstreeImageReference.Parse("ostree-image-signed:docker://quay.io/os/image:2"));

        Assert.Equal("quay.io/os/image:2", origin.Image!.Image.Name);
        Assert.Equal((null, false, "vim;tmux;"), (origin.Refspec, origin.IsPinned, origin.File.GetValue("packages", "requested")));
        Assert.Contains("# by hand", origin.File.ToString());
    }

    [Fact]
    public void Pin_is_written_and_taken_back()
    {
        var origin = Origin.ForImage(OstreeImageReference.Parse("ostree-unverified-registry:quay.io/os/image:1"));
        string before = origin.File.ToString();

        origin.IsPinned = true;
        string pinned = origin.File.ToString();
        origin.IsPinned = false;

        Assert.Equal("[origin]\ncontainer-image-reference=ostree-unverified-registry:quay.io/os/image:1\n", before);
        Assert.Contains("[libostree-transient]\npinned=true\n", pinned);
        Assert.False(origin.IsPinned);
    }

    [Theory]
    [InlineData("[origin]\ncontainer-image-reference=nonsense\n")]
    [InlineData("[origin]\nrefspec=a\n")]
    [InlineData("")]
    public void Origin_that_follows_no_image_says_so(string text) => Assert.Null(new Origin(KeyFile.Parse(text)).Image);
}
