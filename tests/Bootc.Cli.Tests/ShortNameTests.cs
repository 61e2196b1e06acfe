// Names without a host, of images to install.
using Bootc.Testing;

namespace Bootc.Cli.Tests;

public sealed class ShortNameTests : IDisposable
{
    private readonly TestDirectory _directory = new("cli");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("unqualified-search-registries = [\"HOST\"]", "HOST/os")]
    [InlineData("[aliases]\n\"os\" = \"HOST/the/os\"", "HOST/the/os")]
    public void What_is_installed_is_found_by_registries_conf(string settings, string name)
    {
        Peer.RequireRoot("installing");
        using var server = new ScriptedServer(_ => new ScriptedAnswer(404));
        string conf = _directory.Write("registries.conf", settings.Replace("HOST", server.Address));
        string disk = _directory.Write("disk", "");
        using (FileStream file = File.OpenWrite(disk))
        {
            file.SetLength(4L << 30);
        }

        CommandResult result = Peer.Run(CliHost.Executable, ["install", "to-disk", "--quiet", "--source-imgref", "os", disk], null, new Dictionary<string, string> { ["CONTAINERS_REGISTRIES_CONF"] = conf });

        string full = name.Replace("HOST", server.Address);
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith($"os stands for {full} (registries.conf)\n", result.Error);
        Assert.EndsWith($"error: there is no manifest of {full}: {server.Address} answered 404 NotFound\n", result.Error);
    }
}
