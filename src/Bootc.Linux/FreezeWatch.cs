// Who freezes the file system that it runs from may be killed before it thaws it: another process does it then.
using System.Diagnostics;

namespace Bootc.Linux;

/// <summary>A process that thaws a file system when this one ends, or takes long, before it says that it has done so itself.</summary>
internal sealed class FreezeWatch : IDisposable
{
    // A freeze that takes longer may be thawed while it goes on: its journal is as empty then.
    private const string Script = """
        trap '' HUP INT TERM
        command -v timeout >&2 && command -v fsfreeze >&2 && exec 3<"$1" || exit 1
        echo ready
        until said=$(timeout 5 cat); do fsfreeze --unfreeze /proc/self/fd/3; done
        [ "$said" = done ] || fsfreeze --unfreeze /proc/self/fd/3
        """;

    private readonly Process _process;

    private FreezeWatch(Process process)
    {
        _process = process;
    }

    /// <summary>Begins to watch; <see langword="null"/> where the programs for that are missing.</summary>
    public static FreezeWatch? TryStart(DirectoryHandle directory)
    {
        var start = new ProcessStartInfo("sh", ["-c", Script, "sh", $"/proc/{Environment.ProcessId}/fd/{directory.Descriptor}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null; // there is no shell
        }

        process.ErrorDataReceived += static (_, _) => { }; // so that it never waits for a reader
        process.BeginErrorReadLine();
        if (process.StandardOutput.ReadLine() == "ready")
        {
            return new FreezeWatch(process);
        }

        process.Dispose();
        return null;
    }

    /// <summary>Ends it: the file system is not frozen, or not by this process.</summary>
    public void Dispose()
    {
        try
        {
            _process.StandardInput.Write("done");
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // Somebody ended it.
        }

        _process.WaitForExit();
        _process.Dispose();
    }
}
