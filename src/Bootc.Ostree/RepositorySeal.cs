// Seals the objects of a repository with fs-verity, none of which is sealed before its content is known to be right.
using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Text;
using Bootc.Linux;
using Bootc.Ostree.Objects;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Ostree;

/// <summary>
/// Seals content objects. What is sealed already is not looked at again, so that a run that broke off goes on where it was;
/// the repository asks for fs-verity only when everything is sealed.
/// </summary>
internal sealed class RepositorySeal(Repository repository, CancellationToken cancellation)
{
    private readonly ConcurrentBag<FsckFinding> _corrupt = [];
    private long _sealed;
    private long _before;

    public SealResult Run()
    {
        if (repository.Mode == RepositoryMode.Archive)
        {
            throw new RepositoryFormatException($"the repository {repository} keeps its files compressed: sealing them would help no one who reads them");
        }

        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellation };
        IEnumerable<ObjectName> files = repository.ListObjects().Where(name => name.Type == ObjectType.File);
        try
        {
            Parallel.ForEach(Partitioner.Create(files, EnumerablePartitionerOptions.NoBuffering), parallel, () => new ContentChecksum(repository), Seal, static contents => contents.Dispose());
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.Flatten().InnerExceptions[0]);
        }

        return new SealResult(_sealed, _before, [.. _corrupt]);
    }

    /// <summary>Makes the repository ask for fs-verity, once everything that is sealed is on disk.</summary>
    public static RepositoryConfig Require(Repository repository)
    {
        repository.Directory.SyncFilesystem();
        KeyFile file = KeyFile.Parse(repository.Directory.ReadAllText("config")).SetBoolean(RepositoryConfig.Integrity, RepositoryConfig.VerityKey, true);
        repository.Directory.WriteAllBytesAtomically("config", Encoding.UTF8.GetBytes(file.ToString()), repository.Directory.GetStatus("config").Permissions);
        repository.Directory.Sync();
        return new RepositoryConfig(file, repository.ToString());
    }

    private ContentChecksum Seal(ObjectName name, ParallelLoopState loop, ContentChecksum contents)
    {
        string path = name.PathIn(repository.Mode);
        if (repository.ObjectsDirectory.TryGetStatus(path) is not { Kind: FileKind.Regular } status)
        {
            return contents; // a symbolic link, or removed meanwhile
        }

        if (status.IsSealed)
        {
            Interlocked.Increment(ref _before);
        }
        else if (FindFault(name, contents) is { } fault)
        {
            _corrupt.Add(new FsckFinding(name, fault, null, null));
        }
        else if (TrySeal(path, name))
        {
            Interlocked.Increment(ref _sealed);
        }

        return contents;
    }

    private string? FindFault(ObjectName name, ContentChecksum contents)
    {
        try
        {
            Checksum actual = contents.Compute(name.Checksum);
            return actual == name.Checksum ? null : $"its content has the checksum {actual}";
        }
        catch (ObjectNotFoundException)
        {
            return null; // removed meanwhile
        }
        catch (Exception e) when (e is OstreeException or LinuxException)
        {
            return e is CorruptObjectException corrupt ? corrupt.Reason : e.Message;
        }
    }

    private bool TrySeal(string path, ObjectName name)
    {
        using SafeFileHandle? file = repository.ObjectsDirectory.TryOpenFile(path);
        return file is not null && (file.TryEnableVerity(name.ToString()) ? true : throw new SealingNotSupportedException(repository.ToString()));
    }
}
