// From ostree= to the deployment, and what is no way to one.
using Bootc.Testing;

namespace Bootc.PrepareRoot.Tests;

public sealed class BootedDeploymentTests : IDisposable
{
    private const string Link = "ostree/boot.1/os/abc/0";
    private static readonly string Commit = new('a', 64);

    private readonly TestDirectory _root = new("root");

    public BootedDeploymentTests()
    {
        Directory.CreateDirectory(_root[$"ostree/deploy/os/deploy/{Commit}.2"]);
        Directory.CreateDirectory(_root["ostree/boot.1/os/abc"]);
    }

    [Theory]
    [InlineData("ostree=/" + Link)]
    [InlineData("quiet ostree=" + Link + " rw")]
    public void The_link_leads_to_the_deployment(string commandLine)
    {
        PointTo($"../../../deploy/os/deploy/{Commit}.2");

        BootedDeployment deployment = BootedDeployment.Resolve(_root.Handle, commandLine);

        Assert.Equal(($"ostree/deploy/os/deploy/{Commit}.2", "os", Commit, "ostree/deploy/os/var"), (deployment.Path, deployment.Stateroot, deployment.Commit.ToString(), deployment.VarPath));
    }

    [Fact]
    public void The_other_set_of_links_counts_where_the_one_that_is_named_is_gone()
    {
        PointTo($"../../../deploy/os/deploy/{Commit}.2");

        Assert.Equal($"ostree/deploy/os/deploy/{Commit}.2", BootedDeployment.Resolve(_root.Handle, "ostree=/ostree/boot.0/os/abc/0").Path);
        Assert.Equal($"ostree=/ostree/boot.0/os/other/0: there is no such boot link below {_root.Path}", Refusal("ostree=/ostree/boot.0/os/other/0"));
    }

    [Theory]
    [InlineData("../../../deploy/os/deploy/COMMIT.3", "ostree=/ostree/boot.1/os/abc/0 leads to ostree/deploy/os/deploy/COMMIT.3, which is not there")]
    [InlineData("../../../deploy/os/var", "ostree=/ostree/boot.1/os/abc/0 leads to ostree/deploy/os/var, which is no deployment")]
    [InlineData("../../../../../../etc", "ostree=/ostree/boot.1/os/abc/0 leads out of the root file system: ostree/boot.1/os/abc/../../../../../../etc")]
    [InlineData("../../../deploy/os/deploy/nothing", "ostree=/ostree/boot.1/os/abc/0 leads to ostree/deploy/os/deploy/nothing, which is no deployment")]
    public void A_link_that_leads_elsewhere_is_refused(string target, string message)
    {
        PointTo(target.Replace("COMMIT", Commit));

        Assert.Equal(message.Replace("COMMIT", Commit), Refusal("ostree=/" + Link));
    }

    [Fact]
    public void There_must_be_an_argument_and_a_link()
    {
        Assert.Equal("the kernel command line has no ostree= argument that names the deployment", Refusal("quiet"));
        Assert.Equal($"ostree=/{Link}: there is no such boot link below {_root.Path}", Refusal("ostree=/" + Link));
    }

    public void Dispose() => _root.Dispose();

    private void PointTo(string target) => File.CreateSymbolicLink(_root[Link], target);

    private string Refusal(string commandLine) => Assert.Throws<PrepareRootException>(() => BootedDeployment.Resolve(_root.Handle, commandLine)).Message;
}
