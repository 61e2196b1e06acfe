// The file that tells of the agent.
using System.Text.Json;
using Bootc.Linux;

namespace Bootc.Updates.Agent;

/// <summary>Reads and writes the report of the agent of a host.</summary>
/// <param name="root">The host's root.</param>
public sealed class AgentReportFile(string root = "/")
{
    private const string Name = "agent.json";
    private readonly string _folder = System.IO.Path.Combine(root, "run/bootc");

    /// <summary>The file's path.</summary>
    public string Path => System.IO.Path.Combine(_folder, Name);

    /// <summary>Reads it; <see langword="null"/> when there is none.</summary>
    /// <exception cref="UpdatesException">It is malformed, or cannot be read.</exception>
    public AgentReport? TryRead()
    {
        try
        {
            return File.Exists(Path) ? JsonSerializer.Deserialize(File.ReadAllBytes(Path), AgentJson.Default.AgentReport) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new UpdatesException($"{Path} cannot be read", e);
        }
    }

    /// <summary>Writes it, in place of the one that was there.</summary>
    /// <exception cref="LinuxException">It cannot be written.</exception>
    public void Write(AgentReport report)
    {
        Directory.CreateDirectory(_folder);
        using DirectoryHandle folder = DirectoryHandle.Open(_folder);
        folder.WriteAllBytesAtomically(Name, report.ToJson(), sync: false); // it is gone with the boot anyway
    }
}
