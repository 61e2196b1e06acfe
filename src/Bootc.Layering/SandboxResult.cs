// What a program in the sandbox printed, and how it ended.
namespace Bootc.Layering;

/// <summary>The end of a program.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="Error">Its standard error output.</param>
internal sealed record SandboxResult(int ExitCode, string Output, string Error)
{
    private const int MaximumLines = 20;

    /// <summary>The last lines of both outputs.</summary>
    public string Tail => string.Join('\n', Lines(Output).Concat(Lines(Error)).TakeLast(MaximumLines));

    /// <summary>The lines that begin with a prefix, without it, each once.</summary>
    public IEnumerable<string> Messages(string prefix) => Lines(Error).Concat(Lines(Output))
        .Where(line => line.StartsWith(prefix, StringComparison.Ordinal))
        .Select(line => line[prefix.Length..].Trim())
        .Distinct();

    private static IEnumerable<string> Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd());
}
