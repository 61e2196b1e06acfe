// Trees whose files are labelled once they are in a repository.
using System.Buffers;
using System.Collections.Concurrent;
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.Objects;
using Bootc.Ostree.SELinux;

namespace Bootc.Import.SELinux;

/// <summary>
/// Gives the files and directories of a tree the labels that a policy has for their paths. The label is part of an object, so
/// what has another one, or none, is written anew; what is right already stays.
/// </summary>
/// <param name="transaction">What is written to; the tree's objects are in its repository.</param>
/// <param name="contexts">The policy's file contexts.</param>
/// <param name="facts">What is known of the tree's files.</param>
internal sealed class TreeLabels(RepositoryTransaction transaction, FileContexts contexts, LayerFacts facts)
{
    private const int SmallFile = 256 * 1024;

    private readonly Repository _repository = transaction.Repository;
    private readonly Dictionary<Checksum, DirMeta> _metas = [];
    private readonly ConcurrentDictionary<(Checksum File, ExtendedAttributeList Attributes), Lazy<Checksum>> _written = new();
    private readonly List<(MutableTree Directory, string Name, string Path, Checksum File)> _files = [];

    /// <summary>Whether directories that are as the repository has them are left as they are.</summary>
    public bool OnlyChanged { get; init; }

    /// <summary>What is known of the files that the tree has now.</summary>
    public LayerFacts Facts { get; } = new();

    /// <summary>The objects that were written anew, by those that they stand for; one of several where names of a file differ.</summary>
    public ConcurrentDictionary<Checksum, Checksum> Renamed { get; } = new();

    /// <summary>Labels a tree in place. Whiteouts stay as they are.</summary>
    /// <exception cref="OstreeException">An object cannot be read.</exception>
    public void Apply(MutableTree tree, CancellationToken cancellation)
    {
        Visit(tree, "");
        var labelled = new Checksum[_files.Count];
        Parallel.For(0, labelled.Length, new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = Environment.ProcessorCount }, i => labelled[i] = Label(_files[i].Path, _files[i].File));
        for (int i = 0; i < labelled.Length; i++)
        {
            if (labelled[i] != _files[i].File)
            {
                _files[i].Directory.ReplaceFile(_files[i].Name, labelled[i]);
            }
        }
    }

    private void Visit(MutableTree tree, string path)
    {
        if (tree.Meta is { } checksum)
        {
            if (!_metas.TryGetValue(checksum, out DirMeta? meta))
            {
                _metas.Add(checksum, meta = _repository.LoadDirMeta(checksum));
            }

            ExtendedAttributeList attributes = contexts.Apply(path.Length == 0 ? "/" : path, meta.Mode, meta.ExtendedAttributes);
            if (attributes != meta.ExtendedAttributes)
            {
                tree.Meta = transaction.WriteDirMeta(meta with { ExtendedAttributes = attributes });
            }
        }

        if (OnlyChanged && tree.UnchangedTree is not null)
        {
            return;
        }

        foreach ((string name, Checksum file) in tree.Files)
        {
            if (!name.StartsWith(LayerMerge.WhiteoutPrefix, StringComparison.Ordinal))
            {
                _files.Add((tree, name, $"{path}/{name}", file));
            }
        }

        foreach ((string name, MutableTree directory) in tree.Directories)
        {
            Visit(directory, $"{path}/{name}");
        }
    }

    private Checksum Label(string path, Checksum file)
    {
        FileFacts? known = facts.TryGet(file);
        (FileHeader header, long size) = known is null ? _repository.LoadFileHeader(file) : (known.Header, known.Size);
        ExtendedAttributeList attributes = contexts.Apply(path, header.Mode, header.ExtendedAttributes);
        if (ReferenceEquals(attributes, header.ExtendedAttributes))
        {
            Facts.TryAdd(file, known ?? new FileFacts(header, size, null));
            return file;
        }

        return _written.GetOrAdd((file, attributes), key => new Lazy<Checksum>(() => Write(key.File, header with { ExtendedAttributes = key.Attributes }, size))).Value;
    }

    private Checksum Write(Checksum file, FileHeader header, long size)
    {
        FileObjectResult result = header.IsSymbolicLink ? transaction.WriteSymbolicLink(header) : WriteContent(file, header, size);
        Facts.TryAdd(result.Checksum, new FileFacts(header, size, size > 0 ? result.Verity : null));
        Renamed.TryAdd(file, result.Checksum);
        return result.Checksum;
    }

    private FileObjectResult WriteContent(Checksum file, FileHeader header, long size)
    {
        using Stream content = _repository.OpenFileContent(file);
        if (size > SmallFile)
        {
            return transaction.WriteFile(header, size, content);
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)size);
        try
        {
            content.ReadExactly(buffer, 0, (int)size);
            return transaction.WriteFile(header, buffer.AsSpan(0, (int)size));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
