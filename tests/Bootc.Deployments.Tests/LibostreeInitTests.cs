// A sysroot that we make is one that libostree would have made, to the last mode bit.
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

public class LibostreeInitTests
{
    [Fact]
    public void New_sysroot_equals_that_of_init_fs_and_os_init()
    {
        using var test = new TestDirectory();
        Oracle.Require();
        Oracle.Run("ostree", "admin", "init-fs", "--modern", Directory.CreateDirectory(test["theirs"]).FullName).Succeeded();
        Oracle.Run("ostree", "admin", "os-init", "--sysroot", test["theirs"], "debian").Succeeded();

        Sysroot.Initialize(test["ours"], "debian");

        Assert.Equal(TreeListing.Of(test["theirs"]), TreeListing.Of(test["ours"]));
    }

    [Fact]
    public void Second_stateroot_is_added_as_os_init_does()
    {
        using var host = new TestHost("first");
        Oracle.Require();
        string theirs = host.Beside("theirs");
        Peer.Run("cp", "-a", host.Path, theirs).Succeeded();
        Oracle.Run("ostree", "admin", "os-init", "--sysroot", theirs, "second").Succeeded();

        Sysroot.Initialize(host.Path, "second");

        Assert.Equal(TreeListing.Of(theirs, "ostree/lock"), TreeListing.Of(host.Path, "ostree/lock"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a/b")]
    public void Bad_name_of_a_stateroot_is_refused(string name)
    {
        using var test = new TestDirectory();

        var refusal = Assert.Throws<DeploymentException>(() => Sysroot.Initialize(test["new"], name));

        Assert.StartsWith($"'{name}' is no name of a stateroot", refusal.Message);
        Assert.False(Directory.Exists(test["new"]));
    }

    [Theory]
    [InlineData("/proc/sysroot", "/proc takes no new directory")]
    [InlineData("FILE", "FILE is no directory")]
    [InlineData("FILE/below/it", "FILE is no directory")]
    public void Where_no_directory_can_be_made_the_reason_is_told(string path, string reason)
    {
        using var test = new TestDirectory();
        string file = test.Write("file", "");

        var refusal = Assert.Throws<DeploymentException>(() => Sysroot.Initialize(path.Replace("FILE", file), "default"));

        Assert.Equal($"no sysroot can be made at {path}: {reason}".Replace("FILE", file), refusal.Message);
    }

    [Fact]
    public void Stateroot_that_is_there_is_refused()
    {
        using var host = new TestHost("default");

        var refusal = Assert.Throws<DeploymentException>(() => Sysroot.Initialize(host.Path, "default"));

        Assert.Equal($"{host.Path} has a stateroot 'default' already", refusal.Message);
    }
}
