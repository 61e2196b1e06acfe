// The file of what a host remembers.
using System.Text.Json;
using Bootc.Linux;

namespace Bootc.Updates.Git;

/// <summary>Reads and writes the state of a host, for one program at a time.</summary>
internal sealed class GitStateFile
{
    private const string Name = "state.json";

    /// <param name="folder">The folder.</param>
    public GitStateFile(string folder) => Folder = folder;

    /// <summary>The folder, where the repository is, too.</summary>
    public string Folder { get; }

    /// <summary>The file's path.</summary>
    public string Path => System.IO.Path.Combine(Folder, Name);

    /// <summary>The folder of a host.</summary>
    public static string FolderOf(string root) => System.IO.Path.Combine(root, "var/lib/bootc/git");

    /// <summary>Makes a folder into which nobody else looks.</summary>
    public static void MakePrivate(string folder)
    {
        Directory.CreateDirectory(folder);
        using DirectoryHandle opened = DirectoryHandle.Open(folder);
        opened.Handle.SetMode(0x1C0, folder);
    }

    /// <summary>Keeps other programs out until it is disposed.</summary>
    /// <exception cref="GitException">Another one is in, or the folder cannot be made.</exception>
    public IDisposable Lock()
    {
        try
        {
            MakePrivate(Folder);
            using DirectoryHandle folder = DirectoryHandle.Open(Folder);
            return FileLock.TryAcquire(folder, "lock", exclusive: true) ?? throw new GitException($"another program uses {Folder} just now");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GitException($"{Folder} cannot be written: {e.Message}", e);
        }
    }

    /// <summary>Reads it.</summary>
    /// <exception cref="GitException">It is malformed, or cannot be read.</exception>
    public GitState Read()
    {
        try
        {
            return File.Exists(Path) ? JsonSerializer.Deserialize(File.ReadAllBytes(Path), GitJson.Readable.GitState) ?? new GitState() : new GitState();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            // To begin anew would be to accept a branch that was put back: that is for a person to say.
            throw new GitException($"{Path} cannot be read, so what was accepted is not known: {e.Message}; 'bootc gitops accept --allow-rollback' begins anew", e);
        }
    }

    /// <summary>Writes it, in place of the one that was there; it is on the disk then.</summary>
    /// <exception cref="GitException">It cannot be written; the one before is still there.</exception>
    public void Write(GitState state)
    {
        try
        {
            Directory.CreateDirectory(Folder);
            using DirectoryHandle folder = DirectoryHandle.Open(Folder);
            folder.WriteAllBytesAtomically(Name, JsonSerializer.SerializeToUtf8Bytes(state, GitJson.Readable.GitState), mode: 0x180);
            folder.Sync();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GitException($"{Path} cannot be written: {e.Message}", e);
        }
    }
}
