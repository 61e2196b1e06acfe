// What a command that a test ran printed, and how it ended.
namespace Bootc.Testing;

/// <summary>The end of a command.</summary>
public sealed record CommandResult(string Command, int ExitCode, string Output, string Error)
{
    /// <summary>The output of a command that must have succeeded.</summary>
    public string Succeeded() => ExitCode == 0
        ? Output
        : throw new InvalidOperationException($"'{Command}' exited with {ExitCode}:\n{Error}\n{Output}");
}
