// The executable itself, run as a process of its own, so that it can be killed.
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

internal static class BootcProgram
{
    // As this test was built: bin/Debug/net10.0.
    public static readonly string Executable = Path.Combine(
        TestData.RepositoryRoot,
        "src/Bootc.Cli/bin",
        Path.GetRelativePath(Path.Combine(TestData.RepositoryRoot, "tests/Bootc.Deployments.Tests/bin"), AppContext.BaseDirectory),
        "bootc");

    // The runtime writes nothing to the disk on its own account then.
    private static readonly Dictionary<string, string> Settings = new() { ["DOTNET_EnableDiagnostics"] = "0", ["DOTNET_TieredPGO"] = "0" };

    /// <summary>Runs the executable under strace.</summary>
    public static CommandResult RunTraced(string[] strace, params string[] arguments) =>
        Peer.Run("strace", ["-f", .. strace, Executable, .. arguments], null, Settings);

    /// <summary>Starts the executable.</summary>
    public static CommandResult Run(params string[] arguments) => Peer.Run(Executable, arguments, null, Settings);
}
