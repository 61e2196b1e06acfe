// Names without a host, of images to install.
using Bootc.Testing;

namespace Bootc.Cli.Tests;

public sealed class ShortNameTests : IDisposable
{
    private readonly TestDirectory _directory = new("cli");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("unqualified-search-registries = [\"HOST\"]", "os stands for HOST/os (registries.conf)\nerror: there is no manifest of HOST/os: HOST answered 404 NotFound")]
    [InlineData("[aliases]\n\"os\" = \"HOST/the/os\"", "os stands for HOST/the/os (registries.conf)\nerror: there is no manifest of HOST/the/os: HOST answered 404 NotFound")]
    public void What_is_installed_is_found_by_registries_conf(string settings, string error)
    {
        Peer.RequireRoot("installing");
        using var server = new ScriptedServer(_ => new ScriptedAnswer(404));
        string conf = _directory.Write("registries.conf", settings.Replace("HOST", server.Address));
        Directory.CreateDirectory(_directory["root"]);

        CommandResult result = Peer.Run(CliHost.Executable, ["install", "to-filesystem", "--quiet", "--source-imgref", "os", _directory["root"]], null, new Dictionary<string, string> { ["CONTAINERS_REGISTRIES_CONF"] = conf });

        Assert.Equal((1, error.Replace("HOST", server.Address) + "\n"), (result.ExitCode, result.Error));
    }
}
