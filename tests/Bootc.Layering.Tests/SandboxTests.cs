// What programs in a sandbox see, and who else sees it.
using Bootc.Testing;
using Xunit;

namespace Bootc.Layering.Tests;

public sealed class SandboxTests
{
    [Fact]
    public void The_environment_is_what_was_set_and_is_not_on_the_command_line()
    {
        Peer.Require("bwrap");
        using var directory = new TestDirectory();
        foreach (string name in (string[])["usr", "var", "run", "tmp", "dev", "proc", "sys", "sysroot"])
        {
            Directory.CreateDirectory(directory[$"root/{name}"]);
        }

        foreach (string name in (string[])["bin", "lib", "lib64"])
        {
            File.CreateSymbolicLink(directory[$"root/{name}"], $"usr/{name}");
        }

        Sandbox sandbox = Sandbox.ReadOnly(directory["root"]).Show("/usr", "/usr").Set("https_proxy", "http://user:secret@proxy.example");

        SandboxResult environment = sandbox.Run(["env"], TestContext.Current.CancellationToken);
        SandboxResult commandLine = sandbox.Run(["cat", "/proc/1/cmdline"], TestContext.Current.CancellationToken); // bubblewrap itself

        Assert.Equal(
            ["HOME=/root", "LC_ALL=C.UTF-8", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "PWD=/", "SYSTEMD_OFFLINE=1", "https_proxy=http://user:secret@proxy.example"],
            environment.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
        Assert.StartsWith("bwrap\0", commandLine.Output);
        Assert.DoesNotContain("secret", commandLine.Output);
    }
}
