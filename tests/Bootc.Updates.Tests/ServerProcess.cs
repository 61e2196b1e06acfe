// The executable as a server, run as a process of its own, so that it can be killed.
using System.Diagnostics;
using System.Text;

namespace Bootc.Updates.Tests;

/// <summary>A process of <c>bootc</c> that says <c>Listening on URL</c>.</summary>
internal sealed class ServerProcess : IDisposable
{
    private readonly Process _process;

    public ServerProcess(params string[] arguments)
    {
        _process = Process.Start(new ProcessStartInfo(BootcProgram.Executable, arguments) { RedirectStandardError = true })!;
        var listening = new TaskCompletionSource<string>();
        var said = new StringBuilder();
        _process.ErrorDataReceived += (_, line) =>
        {
            said.AppendLine(line.Data);
            if (line.Data is null)
            {
                listening.TrySetException(new InvalidOperationException($"the server ended: {said}"));
            }
            else if (line.Data.StartsWith("Listening on ", StringComparison.Ordinal))
            {
                listening.TrySetResult(line.Data.Split(' ')[2].TrimEnd(';'));
            }
        };
        _process.BeginErrorReadLine();
        Url = listening.Task.GetAwaiter().GetResult();
    }

    /// <summary>Where it listens.</summary>
    public string Url { get; }

    /// <summary>Ends the process as a power cut does.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Asks the process to end.</summary>
    /// <returns>Its exit code.</returns>
    public int Terminate()
    {
        Process.Start("kill", ["-TERM", _process.Id.ToString()])!.WaitForExit();
        _process.WaitForExit();
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Kill();
        }

        _process.Dispose();
    }
}
