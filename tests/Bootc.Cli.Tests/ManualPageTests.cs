// The manual pages in docs/man.
using Bootc.Testing;

namespace Bootc.Cli.Tests;

public class ManualPageTests
{
    private static readonly string Folder = Path.Combine(TestData.RepositoryRoot, "docs", "man");

    [Fact]
    public void Pages_are_what_the_commands_say_of_themselves()
    {
        using var written = new TestDirectory("man");
        CliHost.Bootc("internals", "man", written.Path).Succeeded();

        Assert.Equal(Read(written.Path), Read(Folder)); // 'make man' writes them anew
    }

    [Fact]
    public void Groff_finds_nothing_wrong()
    {
        Peer.Require("groff");
        foreach (string page in Directory.EnumerateFiles(Folder))
        {
            CommandResult result = Peer.Run("groff", "-man", "-ww", "-Tutf8", page);

            Assert.Equal((0, ""), (result.ExitCode, result.Error));
        }
    }

    private static SortedDictionary<string, string> Read(string folder) =>
        new(Directory.EnumerateFiles(folder).ToDictionary(path => Path.GetFileName(path), File.ReadAllText), StringComparer.Ordinal);
}
