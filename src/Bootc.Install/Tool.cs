// Programs of others that an installation runs: partitioning, and making file systems.
using System.ComponentModel;
using System.Diagnostics;

namespace Bootc.Install;

/// <summary>A program on this machine. It may be in a directory for administrators that the PATH does not have.</summary>
internal static class Tool
{
    private static readonly string[] AdministratorFolders = ["/usr/sbin", "/sbin"];

    /// <summary>Checks that programs are there before anything is written.</summary>
    /// <param name="tools">Each with the package that has it on most distributions.</param>
    /// <exception cref="InstallException">Some are missing; all of them are named.</exception>
    public static void Require(params ReadOnlySpan<(string Tool, string Package)> tools)
    {
        var missing = new List<string>();
        foreach ((string tool, string package) in tools)
        {
            if (Find(tool) is null)
            {
                missing.Add($"{tool} (package {package})");
            }
        }

        if (missing.Count > 0)
        {
            throw new InstallException($"the installation needs programs that this machine does not have: {string.Join(", ", missing)}");
        }
    }

    /// <summary>The path of a program, or <see langword="null"/>.</summary>
    public static string? Find(string tool) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(AdministratorFolders)
        .Where(folder => folder.Length > 0)
        .Select(folder => Path.Combine(folder, tool))
        .FirstOrDefault(File.Exists);

    /// <summary>Runs a program to its end and returns what it printed.</summary>
    /// <param name="tool">Its name.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="input">What it reads.</param>
    /// <param name="accepted">Exit codes besides 0 that are no failure.</param>
    /// <exception cref="InstallException">It is missing, or it failed; the last line that it printed is in the message.</exception>
    public static byte[] Run(string tool, IEnumerable<string> arguments, string? input = null, params int[] accepted)
    {
        var start = new ProcessStartInfo(Find(tool) ?? throw new InstallException($"there is no program {tool} on this machine"), arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C.UTF-8";
        start.Environment["MTOOLS_SKIP_CHECK"] = "1";
        try
        {
            return Run(start, tool, input, accepted);
        }
        catch (Win32Exception e)
        {
            throw new InstallException($"{tool} cannot be run: {e.Message}", e);
        }
    }

    private static byte[] Run(ProcessStartInfo start, string tool, string? input, int[] accepted)
    {
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        using var output = new MemoryStream();
        Task copied = process.StandardOutput.BaseStream.CopyToAsync(output);
        try
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading all; its exit code tells.
        }

        process.WaitForExit();
        copied.Wait();
        if (process.ExitCode != 0 && !accepted.Contains(process.ExitCode))
        {
            string said = errors.Result.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() ?? "";
            throw new InstallException($"'{tool} {string.Join(' ', start.ArgumentList)}' exited with {process.ExitCode}{(said.Length == 0 ? "" : $": {said}")}");
        }

        return output.ToArray();
    }
}
