// A host's identifier, against systemd's own tool.
using Bootc.Testing;

namespace Bootc.Updates.Tests;

public class NodeUuidTests
{
    [Fact]
    public void It_is_the_one_that_systemd_makes_for_zincati()
    {
        Peer.Require("systemd-id128");
        CommandResult expected = Peer.Run("systemd-id128", "machine-id", "--app-specific=de35106b6ec24688b63afddaa156679b");
        Assert.SkipWhen(expected.ExitCode != 0, $"this machine has no machine ID: {expected.Error}");

        Assert.Equal(expected.Output.Trim(), NodeUuid.OfHost());
    }

    [Theory]
    [InlineData("")]
    [InlineData("uninitialized")]
    [InlineData("0123")]
    public void A_host_without_a_machine_ID_has_none(string content)
    {
        using var root = new TestDirectory("root");
        root.Write("etc/machine-id", content);

        Assert.StartsWith("the host has no machine ID", Assert.Throws<UpdatesException>(() => NodeUuid.OfHost(root.Path)).Message);
    }
}
