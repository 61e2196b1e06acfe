// Runs the host's git, apart from all settings, hooks and prompts that the host or its users have for it.
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Bootc.Updates.Git;

/// <summary>git(1) on one repository, within bounds of time and size.</summary>
/// <param name="folder">The repository, a bare one.</param>
/// <param name="settings">How servers are reached.</param>
internal sealed class GitProgram(string folder, GitSettings settings)
{
    private const int MaximumComplaint = 64 * 1024;
    private const int MaximumOutput = 128 << 20;
    private const int NotFound = 127; // as a shell tells of it
    private const int FileSizeSignal = 128 + 25; // SIGXFSZ, as a shell tells of it

    // What runs before git takes its place bounds each file that it writes; blocks are of 512 bytes in a shell that knows only POSIX.
    private const string Bounded = "ulimit -f \"$1\" && shift && exec git \"$@\"";

    private static readonly string[] Neutral =
    [
        "core.hooksPath=/dev/null", "core.fsmonitor=false", "core.askPass=", "core.alternateRefsCommand=", "credential.helper=", "protocol.ext.allow=never", "transfer.fsckObjects=true", "fetch.recurseSubmodules=false",
        "fetch.unpackLimit=1", "fetch.showForcedUpdates=false", "gc.auto=0", "maintenance.auto=false", "http.followRedirects=initial", "http.lowSpeedLimit=1000", "http.lowSpeedTime=30",
        "log.showSignature=false", "core.compression=1", "pack.threads=1",
    ];

    /// <summary>The repository.</summary>
    public string Folder { get; } = folder;

    /// <summary>Runs git.</summary>
    /// <param name="arguments">The command and its arguments; what did not come from this program stands behind <c>--</c>, or was checked.</param>
    /// <param name="cancellation">Ends the run.</param>
    /// <param name="input">What it reads.</param>
    /// <param name="isRemote">Whether it may speak to servers.</param>
    /// <param name="configuration">Settings for this run, each <c>KEY=VALUE</c>.</param>
    /// <param name="environment">More of the environment.</param>
    /// <exception cref="GitException">There is no git, it took too long, or what it wrote is too large.</exception>
    public async Task<GitResult> RunAsync(
        IReadOnlyList<string> arguments,
        CancellationToken cancellation,
        ReadOnlyMemory<byte> input = default,
        bool isRemote = false,
        IReadOnlyList<string>? configuration = null,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(settings.Timeout);
        using Process process = Start(arguments, isRemote, configuration ?? [], environment);
        try
        {
            Task<byte[]> output = ReadAsync(process.StandardOutput.BaseStream, MaximumOutput, keepsLast: false, deadline.Token);
            Task<byte[]> error = ReadAsync(process.StandardError.BaseStream, MaximumComplaint, keepsLast: true, deadline.Token);
            await WriteAsync(process, input, deadline.Token).ConfigureAwait(false);
            byte[] written = await output.ConfigureAwait(false), complaint = await error.ConfigureAwait(false);
            await process.WaitForExitAsync(deadline.Token).ConfigureAwait(false);
            var result = new GitResult(process.ExitCode, written, Encoding.UTF8.GetString(complaint));
            if (isRemote && result.ExitCode != 0)
            {
                bool isAtBound = RemoveUnfinished();
                if (isAtBound || IsTooLarge(result))
                {
                    throw new GitException($"what {Describe(Address)} sends is larger than {settings.MaximumMebibytes} MiB (updates.git.max_mib)");
                }
            }

            return result.ExitCode == NotFound ? throw new GitException("git is not installed, and a repository cannot be followed without it") : result;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new GitException(isRemote ? $"{Describe(Address)} did not answer within {settings.Timeout.TotalSeconds:0.#} s" : $"git {arguments[0]} took longer than {settings.Timeout.TotalSeconds:0.#} s");
        }
        finally
        {
            End(process);
        }
    }

    /// <summary>The URL to which it speaks, for messages.</summary>
    public string Address { get; init; } = settings.Url ?? "";

    /// <summary>A URL without the name and password in it.</summary>
    public static string Describe(string url) => Uri.TryCreate(url, UriKind.Absolute, out Uri? uri) && uri.UserInfo.Length > 0 ? url.Replace(uri.UserInfo + "@", "", StringComparison.Ordinal) : url;

    private static bool IsTooLarge(GitResult result) =>
        result.ExitCode == FileSizeSignal || result.Error.Contains("signal 25", StringComparison.Ordinal) || result.Error.Contains("File too large", StringComparison.Ordinal);

    // What git was writing when it was stopped, and whether that was at the bound.
    private bool RemoveUnfinished()
    {
        string packs = Path.Combine(Folder, "objects/pack");
        bool isAtBound = false;
        foreach (FileInfo file in Directory.Exists(packs) ? new DirectoryInfo(packs).EnumerateFiles("tmp_*") : [])
        {
            isAtBound |= file.Length >= settings.MaximumMebibytes * (1L << 20);
            file.Delete();
        }

        return isAtBound;
    }

    private Process Start(IReadOnlyList<string> arguments, bool isRemote, IReadOnlyList<string> configuration, IReadOnlyDictionary<string, string>? environment)
    {
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        foreach (string argument in (string[])["-c", Bounded, "sh", (settings.MaximumMebibytes * 2048L).ToString(CultureInfo.InvariantCulture), $"--git-dir={Folder}"])
        {
            start.ArgumentList.Add(argument);
        }

        string[] credentials = settings.Credentials is { } file ? [$"credential.helper=store --file='{file.Replace("'", "'\\''", StringComparison.Ordinal)}'"] : [];
        foreach (string setting in (string[])[.. Neutral, .. credentials, .. configuration])
        {
            start.ArgumentList.Add("-c");
            start.ArgumentList.Add(setting);
        }

        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        SetEnvironment(start, isRemote, environment);
        try
        {
            return Process.Start(start) ?? throw new GitException("git cannot be run");
        }
        catch (Win32Exception e)
        {
            throw new GitException("git cannot be run", e);
        }
    }

    private void SetEnvironment(ProcessStartInfo start, bool isRemote, IReadOnlyDictionary<string, string>? environment)
    {
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("GIT_", StringComparison.Ordinal) || name is "SSH_ASKPASS" or "DISPLAY" or "GNUPGHOME").ToArray())
        {
            start.Environment.Remove(name);
        }

        string identity = settings.SshKey is { } key ? $" -o IdentitiesOnly=yes -i {Quote(key)}" : "", servers = settings.KnownHosts is { } known ? $" -o GlobalKnownHostsFile=/dev/null -o UserKnownHostsFile={Quote(known)}" : "";
        start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        start.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        start.Environment["GIT_ATTR_NOSYSTEM"] = "1";
        start.Environment["GIT_TERMINAL_PROMPT"] = "0";
        start.Environment["GIT_NO_REPLACE_OBJECTS"] = "1";
        start.Environment["GIT_OPTIONAL_LOCKS"] = "0";
        start.Environment["GIT_ALLOW_PROTOCOL"] = isRemote ? GitNames.Protocols : "none"; // what is missing is not fetched behind our back
        start.Environment["GIT_SSH_COMMAND"] = $"ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=20 -o ServerAliveInterval=15{identity}{servers}";
        start.Environment["LC_ALL"] = "C";
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }
    }

    private static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static async Task WriteAsync(Process process, ReadOnlyMemory<byte> input, CancellationToken cancellation)
    {
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(input, cancellation).ConfigureAwait(false);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading all; its exit code says why.
        }
    }

    private static async Task<byte[]> ReadAsync(Stream stream, int maximum, bool keepsLast, CancellationToken cancellation)
    {
        using var kept = new MemoryStream();
        byte[] buffer = new byte[32 * 1024];
        for (int count; (count = await stream.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0;)
        {
            if (kept.Length + count > maximum)
            {
                if (!keepsLast)
                {
                    throw new GitException($"git wrote more than {maximum >> 20} MiB");
                }

                kept.SetLength(0);
            }

            kept.Write(buffer, 0, count);
        }

        return kept.ToArray();
    }

    // With all that it started: ssh, or a helper that hangs.
    private static void End(Process process)
    {
        try
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
        catch (InvalidOperationException)
        {
            // It has just ended.
        }
    }
}
