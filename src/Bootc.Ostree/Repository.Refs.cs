// Refs: names of commits, each a file below `refs/`.
using System.Buffers;
using System.Text;
using Bootc.Linux;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;

namespace Bootc.Ostree;

public sealed partial class Repository
{
    private const string Heads = "refs/heads";
    private const string Remotes = "refs/remotes";
    private static readonly SearchValues<char> RefCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.");

    /// <summary>The commit that a ref (<c>name</c> or <c>remote:name</c>) stands for, or <see langword="null"/>.</summary>
    /// <exception cref="RepositoryFormatException">The ref's file holds something else than a checksum.</exception>
    public Checksum? TryResolveRef(string refSpec)
    {
        string path = PathOfRef(refSpec);
        byte[]? content;
        try
        {
            content = Directory.TryReadAllBytes(path);
        }
        catch (LinuxException e) when (e.Error is Errno.EISDIR or Errno.ENOTDIR)
        {
            return null;
        }

        if (content is null)
        {
            return null;
        }

        return Checksum.TryParse(Encoding.ASCII.GetString(content).TrimEnd(), out Checksum checksum)
            ? checksum
            : throw new RepositoryFormatException($"the ref '{refSpec}' of the repository {this} does not hold a checksum");
    }

    /// <summary>The commit of a ref or of a checksum that is given whole.</summary>
    /// <exception cref="RefNotFoundException">There is none.</exception>
    public Checksum ResolveCommit(string refOrChecksum)
    {
        if (Checksum.TryParse(refOrChecksum, out Checksum checksum))
        {
            return HasObject(new(checksum, ObjectType.Commit)) ? checksum : throw new RefNotFoundException(refOrChecksum, ToString());
        }

        return TryResolveRef(refOrChecksum) ?? throw new RefNotFoundException(refOrChecksum, ToString());
    }

    /// <summary>The refs whose names begin with whole components <paramref name="prefix"/>, or all; remote ones as <c>remote:name</c>.</summary>
    public IReadOnlyList<KeyValuePair<string, Checksum>> ListRefs(string? prefix = null)
    {
        var names = new List<string>();
        if (prefix is null)
        {
            CollectRefs(Heads, "", names);
            using DirectoryHandle? remotes = Directory.TryOpenDirectory(Remotes);
            foreach (DirectoryEntry remote in remotes?.List() ?? [])
            {
                CollectRefs($"{Remotes}/{remote.Name}", remote.Name + ":", names);
            }
        }
        else
        {
            CollectRefs($"{Heads}/{prefix}", prefix + "/", names);
        }

        names.Sort(StringComparer.Ordinal);
        return [.. names.Select(name => KeyValuePair.Create(name, TryResolveRef(name)!.Value))];
    }

    /// <summary>Makes a ref stand for a commit, atomically; <see langword="null"/> deletes it.</summary>
    public void SetRef(string refSpec, Checksum? commit)
    {
        string path = PathOfRef(refSpec);
        if (commit is null)
        {
            Directory.TryRemoveFile(path);
            return;
        }

        Directory.EnsureDirectory(path[..path.LastIndexOf('/')], 0x1FD).Dispose();
        Directory.WriteAllBytesAtomically(path, ContentOfRef(commit.Value), 0x1A4, sync: !Config.DisableFsync);
    }

    /// <summary>
    /// Changes several refs, each atomically: those that stand for a commit in their order, then those that are deleted
    /// (<see langword="null"/>). They go to disk together, which takes as long as one.
    /// </summary>
    public void SetRefs(IReadOnlyCollection<KeyValuePair<string, Checksum?>> refs)
    {
        using RefChanges changes = PrepareRefs(refs);
        if (changes.IsWritten && !Config.DisableFsync)
        {
            Directory.SyncFilesystem();
        }

        changes.Apply();
    }

    /// <summary>Writes the contents of refs beside them; whoever asked puts the file system on disk before they are applied.</summary>
    internal RefChanges PrepareRefs(IReadOnlyCollection<KeyValuePair<string, Checksum?>> refs)
    {
        var changes = new RefChanges(Directory);
        try
        {
            foreach ((string refSpec, Checksum? commit) in refs)
            {
                changes.Add(PathOfRef(refSpec), commit is { } value ? ContentOfRef(value) : null);
            }

            return changes;
        }
        catch
        {
            changes.Dispose();
            throw;
        }
    }

    /// <summary>Detached metadata of a commit, such as signatures; <see langword="null"/> when it has none.</summary>
    public VariantDictionary? LoadDetachedMetadata(Checksum commit)
    {
        var name = new ObjectName(commit, ObjectType.CommitMeta);
        if (_objects.TryReadAllBytes(name.PathIn(Mode)) is not { } data)
        {
            return null;
        }

        try
        {
            return VariantDictionary.Parse(data);
        }
        catch (GVariantException e)
        {
            throw new CorruptObjectException(name, e.Message, e);
        }
    }

    /// <summary>Replaces a commit's detached metadata, atomically; <see langword="null"/> deletes it.</summary>
    public void WriteDetachedMetadata(Checksum commit, VariantDictionary? metadata)
    {
        string path = new ObjectName(commit, ObjectType.CommitMeta).PathIn(Mode);
        if (metadata is null)
        {
            _objects.TryRemoveFile(path);
            return;
        }

        _objects.TryCreateDirectory(path[..2], 0x1FD);
        _objects.WriteAllBytesAtomically(path, metadata.Serialize(), 0x1A4, sync: !Config.DisableFsync);
    }

    /// <summary>Whether a commit is marked partial: not all that it refers to is here.</summary>
    public bool IsPartial(Checksum commit) => Directory.Exists($"state/{commit}.commitpartial");

    /// <summary>Marks a commit as partial or as whole.</summary>
    public void MarkPartial(Checksum commit, bool partial)
    {
        string path = $"state/{commit}.commitpartial";
        if (!partial)
        {
            Directory.TryRemoveFile(path);
        }
        else if (!Directory.Exists(path))
        {
            Directory.CreateFile(path, 0x1A4).Dispose();
        }
    }

    internal static string PathOfRef(string refSpec)
    {
        int colon = refSpec.IndexOf(':');
        string path = colon < 0 ? $"{Heads}/{refSpec}" : $"{Remotes}/{refSpec[..colon]}/{refSpec[(colon + 1)..]}";
        foreach (string component in path.Split('/'))
        {
            // As ostree_validate_rev has it.
            if (component.Length == 0 || component[0] is '-' or '.' || component.AsSpan().ContainsAnyExcept(RefCharacters))
            {
                throw new ArgumentException($"'{refSpec}' is no name of a ref", nameof(refSpec));
            }
        }

        return path;
    }

    private static byte[] ContentOfRef(Checksum commit) => Encoding.ASCII.GetBytes(commit + "\n");

    private void CollectRefs(string path, string prefix, List<string> names)
    {
        using DirectoryHandle? directory = TryOpenRefDirectory(path);
        foreach (DirectoryEntry entry in directory?.List() ?? [])
        {
            // What begins with a dot is a ref just being written.
            if (entry.Kind == FileKind.Directory)
            {
                CollectRefs($"{path}/{entry.Name}", $"{prefix}{entry.Name}/", names);
            }
            else if (entry.Kind == FileKind.Regular && entry.Name[0] != '.')
            {
                names.Add(prefix + entry.Name);
            }
        }
    }

    private DirectoryHandle? TryOpenRefDirectory(string path)
    {
        try
        {
            return Directory.TryOpenDirectory(path);
        }
        catch (LinuxException e) when (e.Error == Errno.ENOTDIR)
        {
            return null;
        }
    }
}
