// Tools of other projects on this machine, against which tests check.
using System.Diagnostics;

namespace Bootc.Testing;

/// <summary>Runs tools of other projects; a test that needs one that is missing is skipped.</summary>
public static class Peer
{
    /// <summary>Skips the test unless all of the tools are on the PATH.</summary>
    public static void Require(params string[] tools)
    {
        foreach (string tool in tools)
        {
            Xunit.Assert.SkipWhen(Find(tool) is null, $"{tool} is not installed");
        }
    }

    /// <summary>Skips the test unless it runs as root.</summary>
    public static void RequireRoot(string why) => Xunit.Assert.SkipUnless(Linux.CurrentProcess.IsRoot, $"needs root: {why}");

    /// <summary>Runs a command to its end.</summary>
    public static CommandResult Run(string tool, params string[] arguments) => Run(tool, arguments, input: null);

    /// <summary>Runs a command to its end with something on its standard input.</summary>
    public static CommandResult Run(string tool, string[] arguments, string? input, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(tool, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach ((string key, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[key] = value;
        }

        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        process.WaitForExit();
        return new CommandResult($"{tool} {string.Join(' ', arguments)}", process.ExitCode, output.Result, error.Result);
    }

    private static string? Find(string tool) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Select(directory => Path.Combine(directory, tool))
        .FirstOrDefault(File.Exists);
}
