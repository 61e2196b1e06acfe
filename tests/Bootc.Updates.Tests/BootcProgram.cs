// The executable itself, run as a process of its own, so that it can be killed.
using Bootc.Testing;

namespace Bootc.Updates.Tests;

internal static class BootcProgram
{
    // As this test was built: bin/Debug/net10.0.
    public static readonly string Executable = Path.Combine(
        TestData.RepositoryRoot,
        "src/Bootc.Cli/bin",
        Path.GetRelativePath(Path.Combine(TestData.RepositoryRoot, "tests/Bootc.Updates.Tests/bin"), AppContext.BaseDirectory),
        "bootc");

    /// <summary>Runs the executable to its end.</summary>
    public static CommandResult Run(params string[] arguments) => Peer.Run(Executable, arguments);
}
