// Several refs that change together: what they will hold is written first, then each takes its name.
using Bootc.Linux;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Ostree;

/// <summary>
/// Refs whose new contents lie beside them under names that begin with a dot, which nobody takes for refs. What is not applied
/// is removed at the end.
/// </summary>
/// <param name="repository">The repository's directory.</param>
internal sealed class RefChanges(DirectoryHandle repository) : IDisposable
{
    private readonly List<(string Temporary, string Path)> _written = [];
    private readonly List<string> _removed = [];
    private int _applied;

    /// <summary>Whether there is anything that has to be on disk before it is applied.</summary>
    public bool IsWritten => _written.Count > 0;

    /// <summary>Writes what a ref will hold; <see langword="null"/> when it will be no more.</summary>
    public void Add(string path, ReadOnlySpan<byte> content)
    {
        if (content.IsEmpty)
        {
            _removed.Add(path);
            return;
        }

        int slash = path.LastIndexOf('/');
        repository.EnsureDirectory(path[..slash], 0x1FD).Dispose();
        string temporary = $"{path[..(slash + 1)]}.{path[(slash + 1)..]}.{Path.GetRandomFileName()}";
        using SafeFileHandle file = repository.CreateFile(temporary, 0x180);
        _written.Add((temporary, path));
        file.WriteFully(content, path);
        file.SetMode(0x1A4, path);
    }

    /// <summary>Gives the refs their names, then removes those that are to be removed.</summary>
    public void Apply()
    {
        for (; _applied < _written.Count; _applied++)
        {
            repository.Rename(_written[_applied].Temporary, repository, _written[_applied].Path);
        }

        foreach (string path in _removed)
        {
            repository.TryRemoveFile(path);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        for (; _applied < _written.Count; _applied++)
        {
            repository.TryRemoveFile(_written[_applied].Temporary);
        }
    }
}
