// What a shell asks when it completes a command line: `[suggest:POSITION] LINE`.
namespace Bootc.Cli.CommandLine;

internal static class CompletionRequest
{
    private const string Directive = "[suggest";

    public static bool Is(string[] arguments) => arguments is [var first, ..] && first.StartsWith(Directive, StringComparison.Ordinal);

    /// <summary>The request with <c>--option=val</c> at its end as <c>--option val</c>, which is what the parser can complete.</summary>
    public static string[] Normalize(string[] arguments)
    {
        string line = arguments[^1];
        int word = line.LastIndexOf(' ') + 1;
        int equals = line.IndexOf('=', word);
        return arguments.Length < 2 || equals < 0 || !line.AsSpan(word).StartsWith("--") ? arguments : [.. arguments[..^1], $"{line[..equals]} {line[(equals + 1)..]}"];
    }
}
