// Comparing what deployments have.
using Bootc.Import.Packages;
using Bootc.Layering.Apt;
using Bootc.Testing;

namespace Bootc.Layering.Tests;

public sealed class PackageViewTests(DebianHost host) : IClassFixture<DebianHost>
{
    [Fact]
    public void Deployments_are_compared_by_the_names_that_people_have_for_them()
    {
        host.Start();
        host.Install("hello-layer");
        host.Run((operation, cancellation) => operation.OverrideRemove(["nano"], cancellation));

        string nano = host.Bootc("package", "list").Succeeded().Split('\n').Single(line => line.StartsWith("removed", StringComparison.Ordinal)).Split("  ", StringSplitOptions.RemoveEmptyEntries)[^1];
        Assert.Equal($"image -> next: 0 changed, 2 added, 1 removed\n  + hello-data  1.0\n  + hello-layer  1.0\n  - nano  {nano}\n", host.Bootc("package", "diff").Succeeded());
        Assert.Equal($"rollback -> next: 0 changed, 0 added, 1 removed\n  - nano  {nano}\n", host.Bootc("package", "diff", "rollback").Succeeded());
        Assert.Equal($"0 -> 1: 0 changed, 1 added, 0 removed\n  + nano  {nano}\n", host.Bootc("package", "diff", "0", "1").Succeeded());
        Assert.Equal("error: there is no deployment 'booted': booted, next, rollback, image, or a number from 0 to 1\n", host.Bootc("package", "diff", "booted").Error);
    }

    [Fact]
    public void What_the_host_is_can_be_built_as_an_image()
    {
        host.Start();
        host.Install(host.Packages.Make("local-built", "1.0"));
        host.Install("hello-data");
        using var context = new TestDirectory("context");
        using var sysroot = Bootc.Deployments.Sysroot.Open(host.Path);

        Directory.CreateDirectory(context["c"]);
        BuildContext.Write(sysroot, host.Default, context["c"]);

        Assert.Equal(["Containerfile", "local-built_1.0_amd64.deb"], Directory.GetFiles(context["c"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal("local-built", Peer.Run("dpkg-deb", "-f", context["c/local-built_1.0_amd64.deb"], "Package").Succeeded().Trim());
        Assert.Contains("COPY local-built_1.0_amd64.deb /tmp/packages/\n", File.ReadAllText(context["c/Containerfile"]));
    }

    [Fact]
    public void Fixes_of_a_security_suite_are_known_by_their_versions()
    {
        using var lists = new TestDirectory("lists");
        lists.Write("deb.debian.org_debian-security_dists_trixie-security_main_binary-amd64_Packages", "Package: curl\nVersion: 8.14.1-2+deb13u1\n\nPackage: other\nVersion: 2\n");
        lists.Write("deb.debian.org_debian_dists_trixie_main_binary-amd64_Packages", "Package: vim\nVersion: 9\n");
        var fix = new Package("curl", "8.14.1-2+deb13u1", "amd64");

        Assert.Equal([fix], SecurityLists.Find(lists["."], new HashSet<Package> { fix, new("vim", "9", "amd64"), new("other", "1", "amd64") }));
    }

    [Fact]
    public void A_check_marks_what_a_security_suite_has()
    {
        host.Start();
        host.Install("hello-data");
        string sources = host.InDefault("etc/apt/sources.list.d/security.sources");
        using var security = new PackageRepository("dists/test-security");
        security.Add("hello-data", "1.0+fix", new() { ["usr/share/hello-data/data"] = "fixed\n" }).Publish();
        File.WriteAllBytes(host.InDefault("etc/apt/keyrings/security.gpg"), File.ReadAllBytes(security.Key));
        File.WriteAllText(sources, $"Types: deb\nURIs: file:{security.Root}\nSuites: dists/test-security/\nSigned-By: /etc/apt/keyrings/security.gpg\n");

        string said = host.Bootc("upgrade", "--check").Succeeded();

        Assert.Contains("Newer packages for ", said);
        Assert.Contains("  Packages besides the image: 1 changed, 0 added, 0 removed\n    hello-data  1.0 -> 1.0+fix  (security)\n", said);
        File.Delete(sources);
    }
}
