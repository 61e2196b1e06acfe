// What came of a run of podman.
namespace Bootc.Deployments.Bound;

/// <summary>How podman ended, and what it wrote.</summary>
internal sealed record PodmanResult(string Command, int ExitCode, string Output, string Error)
{
    /// <summary>The last line that it wrote to its standard error.</summary>
    public string LastLine => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() is { } line ? line : $"exit code {ExitCode}";

    /// <summary>What it printed.</summary>
    /// <exception cref="BoundImageException">It failed.</exception>
    public string Succeeded() => ExitCode == 0 ? Output : throw new BoundImageException($"'{Command}' failed: {LastLine}");
}
