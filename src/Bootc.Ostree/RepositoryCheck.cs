// Rehashes every object and follows every commit.
using System.Collections.Concurrent;
using Bootc.Linux;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;

namespace Bootc.Ostree;

internal sealed class RepositoryCheck(Repository repository, FsckOptions options)
{
    private readonly ConcurrentDictionary<ObjectName, string> _bad = new();
    private readonly HashSet<Checksum> _seenTrees = [];
    private readonly List<FsckFinding> _findings = [];
    private long _done;

    public FsckResult Run()
    {
        ObjectName[] objects = [.. repository.ListObjects().Where(name => name.Type is not (ObjectType.CommitMeta or ObjectType.TombstoneCommit or ObjectType.PayloadLink))];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = options.Cancellation };
        Parallel.ForEach(Partitioner.Create(objects, EnumerablePartitionerOptions.NoBuffering), parallel, () => new ContentChecksum(repository), CheckObject, static hash => hash.Dispose());
        int partial = FollowCommits(objects);
        foreach ((ObjectName name, string reason) in _bad)
        {
            _findings.Add(new FsckFinding(name, reason, null, null));
        }

        if (options.Delete)
        {
            DeleteBad();
        }

        return new FsckResult(objects.Length, objects.Count(name => name.Type == ObjectType.Commit), partial, _findings);
    }

    private ContentChecksum CheckObject(ObjectName name, ParallelLoopState loop, ContentChecksum contents)
    {
        try
        {
            Checksum actual = name.Type == ObjectType.File ? contents.Compute(name.Checksum) : HashMetadata(name);
            if (actual != name.Checksum)
            {
                _bad[name] = $"its content has the checksum {actual}";
            }
        }
        catch (Exception e) when (e is OstreeException or LinuxException or GVariantException or InvalidDataException)
        {
            _bad[name] = e is CorruptObjectException corrupt ? corrupt.Reason : e.Message;
        }

        long done = Interlocked.Increment(ref _done);
        if (done % 256 == 0)
        {
            options.Progress?.Report((done, 0));
        }

        return contents;
    }

    private Checksum HashMetadata(ObjectName name)
    {
        byte[] data = repository.LoadMetadata(name);
        _ = name.Type switch
        {
            ObjectType.Commit => (object)Commit.Parse(data),
            ObjectType.DirTree => DirTree.Parse(data),
            ObjectType.DirMeta => DirMeta.Parse(data),
            _ => name,
        };
        return Checksum.Compute(data);
    }

    private int FollowCommits(ObjectName[] objects)
    {
        var present = new HashSet<ObjectName>(objects);
        int partial = 0;
        foreach (ObjectName commit in objects.Where(name => name.Type == ObjectType.Commit && !_bad.ContainsKey(name)))
        {
            bool isPartial = repository.IsPartial(commit.Checksum);
            partial += isPartial ? 1 : 0;
            Commit loaded = repository.LoadCommit(commit.Checksum);
            int before = _findings.Count;
            Visit(new(loaded.RootMeta, ObjectType.DirMeta), present, commit.Checksum, "", isPartial);
            FollowTree(loaded.RootTree, present, commit.Checksum, "", isPartial);
            if (_findings.Count > before && options.Delete)
            {
                repository.MarkPartial(commit.Checksum, true);
            }
        }

        return partial;
    }

    private void FollowTree(Checksum tree, HashSet<ObjectName> present, Checksum commit, string path, bool isPartial)
    {
        var name = new ObjectName(tree, ObjectType.DirTree);
        if (!_seenTrees.Add(tree) || !Visit(name, present, commit, path.TrimEnd('/'), isPartial))
        {
            return;
        }

        DirTree names = repository.LoadDirTree(tree);
        foreach (DirTreeFile file in names.Files)
        {
            Visit(new(file.File, ObjectType.File), present, commit, path + file.Name, isPartial);
        }

        foreach (DirTreeDirectory directory in names.Directories)
        {
            Visit(new(directory.Meta, ObjectType.DirMeta), present, commit, path + directory.Name, isPartial);
            FollowTree(directory.Tree, present, commit, $"{path}{directory.Name}/", isPartial);
        }
    }

    // Returns whether the object is there and whole.
    private bool Visit(ObjectName name, HashSet<ObjectName> present, Checksum commit, string path, bool isPartial)
    {
        if (_bad.TryRemove(name, out string? reason))
        {
            _findings.Add(new FsckFinding(name, reason, commit, path));
            return false;
        }

        if (present.Contains(name))
        {
            return !_findings.Exists(finding => finding.Name == name);
        }

        if (!isPartial)
        {
            _findings.Add(new FsckFinding(name, "it is missing", commit, path));
        }

        return false;
    }

    private void DeleteBad()
    {
        foreach (FsckFinding finding in _findings.Where(finding => finding.Reason != "it is missing"))
        {
            repository.ObjectsDirectory.RemoveTree(finding.Name.PathIn(repository.Mode));
        }
    }
}
