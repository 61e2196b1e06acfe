// A directory for one test, gone after it with all that is in it.
using System.Diagnostics;
using Bootc.Linux;

namespace Bootc.Testing;

/// <summary>A temporary directory. Disposing removes it, mounts and immutable files in it included.</summary>
public sealed class TestDirectory : IDisposable
{
    public TestDirectory(string? name = null)
    {
        Path = Directory.CreateTempSubdirectory($"bootc-{name ?? "test"}-").FullName;
        Handle = DirectoryHandle.Open(Path);
    }

    public string Path { get; }

    public DirectoryHandle Handle { get; }

    /// <summary>The path of a name in the directory.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    public string Write(string name, string content)
    {
        string path = this[name];
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }

    public void Dispose()
    {
        Unmount();
        Handle.RemoveContents();
        Handle.Dispose();
        Directory.Delete(Path);
    }

    private void Unmount()
    {
        string[] mounts = [.. File.ReadLines("/proc/self/mountinfo")
            .Select(line => line.Split(' ')[4].Replace("\\040", " "))
            .Where(mount => mount.StartsWith(Path + "/", StringComparison.Ordinal))];
        foreach (string mount in mounts.Reverse())
        {
            Process.Start("umount", ["-l", mount]).WaitForExit();
        }
    }
}
