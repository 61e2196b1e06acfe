// What was made of the same inputs before is found without mounting anything or running any tool.
using System.Diagnostics;
using Bootc.Deployments;
using Bootc.Layering.Apt;
using Bootc.Testing;

namespace Bootc.Layering.Tests;

public sealed class UnchangedInputsTests(DebianHost host) : IClassFixture<DebianHost>
{
    private const string Solving = "Looking for packages";

    [Fact]
    public void Nothing_is_looked_at_where_neither_wish_nor_lists_changed()
    {
        host.Start();
        host.Install("hello-layer");
        host.Run((operation, cancellation) => operation.Refresh(cancellation)); // as a host of some age, with all that is compiled on the way
        string before = host.State;
        host.Progress.Steps.Clear();

        var time = Stopwatch.StartNew();
        OperationOutcome outcome = host.Run((operation, cancellation) => operation.Refresh(cancellation));

        TestContext.Current.TestOutputHelper?.WriteLine($"package refresh with unchanged inputs: {time.ElapsedMilliseconds} ms");
        Assert.Equal(OperationOutcome.Unchanged, outcome);
        Assert.Empty(host.Progress.Steps);
        Assert.True(time.ElapsedMilliseconds < 1000, $"it took {time.ElapsedMilliseconds} ms");
        Assert.Equal(before, host.State);
    }

    [Fact]
    public void An_upgrade_brings_newer_packages_on_the_same_image()
    {
        host.Start();
        host.Install("hello-data");
        host.Progress.Steps.Clear();
        Assert.Equal(OperationOutcome.Unchanged, host.Upgrade());
        Assert.DoesNotContain(Solving, host.Progress.Steps);
        string first = host.Default.DirectoryName;

        host.Packages.Add("hello-data", "1.1", new() { ["usr/share/hello-data/data"] = "newer\n" }).Publish();
        try
        {
            string said = host.Bootc("upgrade", "--check").Succeeded();
            Assert.Contains("hello-data  1.0 -> 1.1\n", said);

            Assert.Equal(OperationOutcome.Changed, host.Upgrade());
            Assert.Equal("newer\n", File.ReadAllText(host.InDefault("usr/share/hello-data/data")));
            Assert.Equal(first, host.Deployments[1].DirectoryName);
            Assert.Equal(OperationOutcome.Unchanged, host.Upgrade());
            host.AssertSound();
        }
        finally
        {
            host.Packages.Remove("hello-data", "1.1").Publish();
        }
    }

    [Fact]
    public void Settings_of_apt_are_inputs()
    {
        host.Start();
        host.Install("hello-data");
        string file = host.InDefault("etc/apt/preferences.d/test");
        File.WriteAllText(file, "Package: hello-data\nPin: release o=Test\nPin-Priority: 900\n");
        host.Progress.Steps.Clear();

        host.Run((operation, cancellation) => operation.Refresh(cancellation));

        Assert.Contains(Solving, host.Progress.Steps);
        File.Delete(file);
    }

    // By a server that answers conditional requests, as mirrors do.
    [Fact]
    public void A_repository_on_the_network_is_asked_whether_anything_is_newer()
    {
        host.Start();
        using var server = new FileServer(host.Packages.Path);
        string sources = host.InDefault("etc/apt/sources.list.d/test.sources");
        string original = File.ReadAllText(sources);
        File.WriteAllText(sources, original.Replace($"file:{host.Packages.Path}", server.Address));
        host.Install("hello-data");
        File.WriteAllText(host.InDefault("etc/apt/sources.list.d/test.sources"), original.Replace($"file:{host.Packages.Path}", server.Address));
        host.Run((operation, cancellation) => operation.Refresh(cancellation));
        host.Progress.Steps.Clear();

        Assert.Equal(OperationOutcome.Unchanged, host.Run((operation, cancellation) => operation.Refresh(cancellation)));

        Assert.Empty(host.Progress.Steps);
        Assert.Contains("\"GET /InRelease HTTP/1.1\" 304", server.Log);
        Thread.Sleep(1100); // HTTP knows whole seconds
        host.Packages.Publish();
        host.Run((operation, cancellation) => operation.Refresh(cancellation));
        Assert.Contains(Solving, host.Progress.Steps);
        File.WriteAllText(host.InDefault("etc/apt/sources.list.d/test.sources"), original);
    }

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
