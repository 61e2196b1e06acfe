// Rehashes every object and follows every commit.
using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Bootc.Linux;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Ostree;

internal sealed class RepositoryCheck(Repository repository, FsckOptions options)
{
    private const int BufferSize = 256 * 1024;

    private readonly ConcurrentDictionary<ObjectName, string> _bad = new();
    private readonly HashSet<Checksum> _seenTrees = [];
    private readonly List<FsckFinding> _findings = [];
    private long _done;

    public FsckResult Run()
    {
        ObjectName[] objects = [.. repository.ListObjects().Where(name => name.Type is not (ObjectType.CommitMeta or ObjectType.TombstoneCommit or ObjectType.PayloadLink))];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = options.Cancellation };
        Parallel.ForEach(Partitioner.Create(objects, EnumerablePartitionerOptions.NoBuffering), parallel, Work, CheckObject, Done);
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

    private static (IncrementalHash Hash, byte[] Buffer) Work() => (IncrementalHash.CreateHash(HashAlgorithmName.SHA256), ArrayPool<byte>.Shared.Rent(BufferSize));

    private static void Done((IncrementalHash Hash, byte[] Buffer) state)
    {
        state.Hash.Dispose();
        ArrayPool<byte>.Shared.Return(state.Buffer);
    }

    private (IncrementalHash Hash, byte[] Buffer) CheckObject(ObjectName name, ParallelLoopState loop, (IncrementalHash Hash, byte[] Buffer) state)
    {
        try
        {
            Checksum actual = name.Type == ObjectType.File ? HashFile(name.Checksum, state.Hash, state.Buffer) : HashMetadata(name);
            if (actual != name.Checksum)
            {
                _bad[name] = $"its content has the checksum {actual}";
            }
        }
        catch (Exception e) when (e is OstreeException or LinuxException or GVariantException or InvalidDataException)
        {
            _ = state.Hash.GetHashAndReset(); // forgets what was appended
            _bad[name] = e is CorruptObjectException ? e.Message[(e.Message.IndexOf("corrupt: ", StringComparison.Ordinal) + 9)..] : e.Message;
        }

        long done = Interlocked.Increment(ref _done);
        if (done % 256 == 0)
        {
            options.Progress?.Report((done, 0));
        }

        return state;
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

    private Checksum HashFile(Checksum checksum, IncrementalHash hash, byte[] buffer)
    {
        (FileHeader header, _) = repository.LoadFileHeader(checksum);
        byte[] headerBytes = header.Serialize();
        if (header.IsSymbolicLink)
        {
            return Checksum.Compute(headerBytes);
        }

        if (repository.Mode == RepositoryMode.Archive)
        {
            hash.AppendData(headerBytes);
            using Stream content = repository.OpenFileContent(checksum);
            for (int count; (count = content.Read(buffer)) > 0;)
            {
                hash.AppendData(buffer, 0, count);
            }
        }
        else
        {
            using SafeFileHandle file = repository.OpenObject(new(checksum, ObjectType.File));
            hash.AppendData(headerBytes);
            for (int count; (count = file.ReadSome(buffer)) > 0;)
            {
                hash.AppendData(buffer, 0, count);
            }
        }

        Span<byte> result = stackalloc byte[Checksum.Size];
        hash.GetHashAndReset(result);
        return new Checksum(result);
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
