// FileLock excludes other holders, also within one process.
namespace Bootc.Linux.Tests;

public sealed class FileLockTests : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("bootc-lock-").FullName;
    private readonly DirectoryHandle _directory;

    public FileLockTests() => _directory = DirectoryHandle.Open(_path);

    public void Dispose()
    {
        _directory.Dispose();
        Directory.Delete(_path, recursive: true);
    }

    [Fact]
    public void An_exclusive_lock_excludes_all_others_until_disposed()
    {
        using (FileLock.Acquire(_directory, "lock", exclusive: true))
        {
            Assert.Null(FileLock.TryAcquire(_directory, "lock", exclusive: true));
            Assert.Null(FileLock.TryAcquire(_directory, "lock", exclusive: false));
        }

        using FileLock? again = FileLock.TryAcquire(_directory, "lock", exclusive: true);
        Assert.NotNull(again);
    }

    [Fact]
    public void Shared_locks_live_side_by_side_and_hinder_an_upgrade()
    {
        using FileLock first = FileLock.Acquire(_directory, "lock", exclusive: false);
        using (FileLock.Acquire(_directory, "lock", exclusive: false))
        {
            Assert.False(first.TryChange(exclusive: true));
        }

        Assert.True(first.TryChange(exclusive: true));
        Assert.True(first.IsExclusive);
    }
}
