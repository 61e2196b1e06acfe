// Which commit came of which inputs, so that the same ones need not be looked at with the distribution's own tools again.
using Bootc.Linux;
using Bootc.Ostree.Objects;

namespace Bootc.Layering;

/// <summary>
/// A file beside the lists of packages with a line <c>KEY COMMIT</c> for each of the last derived commits, the newest first. It
/// is a memory only: a key that is missing is computed anew, and a commit counts only where a deployment has it.
/// </summary>
internal sealed class DerivedCommits(string cache)
{
    private const int Maximum = 32;

    private readonly string _path = Path.Combine(cache, "derived");

    /// <summary>The commit that came of inputs, if it is known.</summary>
    public Checksum? TryFind(string key)
    {
        foreach ((string known, Checksum commit) in Read())
        {
            if (known == key)
            {
                return commit;
            }
        }

        return null;
    }

    /// <summary>Remembers what came of inputs.</summary>
    public void Add(string key, Checksum commit)
    {
        IEnumerable<string> lines = Read().Where(entry => entry.Key != key).Prepend((key, commit)).Take(Maximum).Select(entry => $"{entry.Item1} {entry.Item2}\n");
        using DirectoryHandle folder = DirectoryHandle.Open(Directory.CreateDirectory(cache).FullName);
        folder.WriteAllBytesAtomically(Path.GetFileName(_path), System.Text.Encoding.ASCII.GetBytes(string.Concat(lines)), sync: false);
    }

    private List<(string Key, Checksum Commit)> Read()
    {
        var entries = new List<(string, Checksum)>();
        if (!File.Exists(_path))
        {
            return entries;
        }

        foreach (string line in File.ReadLines(_path))
        {
            int space = line.IndexOf(' ');
            if (space > 0 && Checksum.TryParse(line.AsSpan(space + 1), out Checksum commit))
            {
                entries.Add((line[..space], commit));
            }
        }

        return entries;
    }
}
