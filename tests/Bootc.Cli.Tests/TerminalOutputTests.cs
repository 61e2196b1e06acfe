// What commands print of others' making does nothing to a terminal.
using Bootc.Testing;

namespace Bootc.Cli.Tests;

public class TerminalOutputTests
{
    [Fact]
    public void Names_of_files_do_nothing_to_a_terminal()
    {
        const string Name = "\u001b]0;title\u0007\u202ered";
        Peer.Require("script");
        using var host = new CliHost();
        host.Publish("1");
        host.Switch().Succeeded();
        File.WriteAllText(Path.Combine(Directory.GetDirectories(Path.Combine(host.Sysroot, "ostree/deploy/default/deploy")).Single(), "etc", Name), "");

        CommandResult shown = Peer.Run("script", "-qec", $"{CliHost.Executable} config-diff --sysroot {host.Sysroot}", "/dev/null");
        CommandResult piped = host.Run("config-diff");

        Assert.Contains("?]0;title??red", shown.Succeeded());
        Assert.DoesNotContain("\u001b]", shown.Output);
        Assert.Contains(Name, piped.Succeeded());
    }
}
