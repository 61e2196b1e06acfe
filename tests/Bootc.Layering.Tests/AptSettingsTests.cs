// What is known of apt without running it.
using Bootc.Layering.Apt;
using Bootc.Testing;

namespace Bootc.Layering.Tests;

public sealed class AptSettingsTests
{
    [Theory]
    [InlineData("http://deb.debian.org/debian/dists/trixie/InRelease", "deb.debian.org_debian_dists_trixie_InRelease")]
    [InlineData("file:/tmp/a_b/./InRelease", "_tmp_a%5fb_._InRelease")]
    [InlineData("https://example.com:8080/~me/dists/x/InRelease", "example.com:8080_%7eme_dists_x_InRelease")]
    public void Lists_are_kept_under_the_names_that_apt_has_for_them(string uri, string name) => Assert.Equal(name, AptProbe.NameOf(uri));

    [Theory]
    [InlineData("a.sources", "Types: deb\nURIs: http://a/d http://b/d/\nSuites: x x-security\nComponents: main\n", "http://a/d/dists/x/ http://a/d/dists/x-security/ http://b/d/dists/x/ http://b/d/dists/x-security/")]
    [InlineData("a.sources", "Types: deb\nURIs: file:/r\nSuites: ./\n\nEnabled: no\nTypes: deb\nURIs: http://a\nSuites: x\n", "file:/r/./")]
    [InlineData("a.list", "# deb http://no x main\ndeb [arch=amd64 signed-by=/k] http://a/d x main\ndeb-src http://a/d x main\n", "http://a/d/dists/x/")]
    [InlineData("a.list", "deb mirror+file:/m x main\n", null)]
    [InlineData("a.list", "deb http://a/$(ARCH) $(ARCH)/\n", null)]
    [InlineData("a.sources", "Types: deb\nURIs: http://a\n", null)]
    public void Places_are_read_from_sources_as_far_as_they_are_plainly_said(string name, string text, string? places)
    {
        using var directory = new TestDirectory("sources");
        directory.Write($"apt/sources.list.d/{name}", text);

        Assert.Equal(places, AptSources.TryReadPlaces(directory["apt"]) is { } read ? string.Join(' ', read) : null);
    }
}
