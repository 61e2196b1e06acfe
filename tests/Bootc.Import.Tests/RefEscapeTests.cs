// The names of refs are those that ostree-ext gives.
using Xunit;

namespace Bootc.Import.Tests;

public sealed class RefEscapeTests
{
    [Theory]
    [InlineData("foo", "foo")]
    [InlineData("foo/bar/baz-blah/foo", "foo/bar/baz-blah/foo")]
    [InlineData("localhost:5000/foo:latest", "localhost_3A_5000/foo_3A_latest")]
    [InlineData("registry:quay.io/coreos/fedora:latest", "registry_3A_quay_2E_io/coreos/fedora_3A_latest")]
    [InlineData("docker://quay.io/a/b:c", "docker_3A__2F__2F_quay_2E_io/a/b_3A_c")]
    [InlineData("fedora@sha256:123456", "fedora_40_sha256_3A_123456")]
    [InlineData("under_score", "under__score")]
    [InlineData("/", "_2F_")]
    [InlineData("/foo", "_2F_foo")]
    [InlineData("foo//bar/../baz", "foo/_2F_bar/_2E__2E__2F_baz")]
    [InlineData("a/", "a_2F_")]
    [InlineData("grüße", "gr_FC__DF_e")]
    [InlineData("\U0001F427", "_1F427_")]
    public void Names_are_escaped_and_back(string text, string escaped)
    {
        Assert.Equal(escaped, RefEscape.Escape(text));
        Assert.Equal(text, RefEscape.Unescape(escaped));
    }

    [Theory]
    [InlineData("_")]
    [InlineData("a_3A")]
    [InlineData("_XYZ_")]
    [InlineData("_D800_")]
    [InlineData("a:b")]
    [InlineData("_110000_")]
    public void What_is_not_escaped_is_refused(string escaped) => Assert.Throws<FormatException>(() => RefEscape.Unescape(escaped));
}
