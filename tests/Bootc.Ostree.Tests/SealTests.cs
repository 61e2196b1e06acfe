// What is asked of fs-verity, and that nothing wrong is sealed. That files are sealed is shown in a virtual machine.
using Bootc.Linux;
using Bootc.Ostree.Objects;
using Bootc.Testing;
using Xunit;

namespace Bootc.Ostree.Tests;

public sealed class SealTests : IDisposable
{
    private readonly TestDirectory _directory = new();
    private readonly Repository _repository;

    public SealTests()
    {
        Directory.CreateDirectory(_directory["repo"]);
        _repository = Repository.Create(DirectoryHandle.Open(_directory["repo"]), RepositoryMode.Bare);
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("[ex-integrity]\nfsverity=true\n", true)]
    [InlineData("[ex-integrity]\nfsverity=yes\n", true)]
    [InlineData("[ex-integrity]\nfsverity=maybe\n", null)]
    [InlineData("[ex-integrity]\nfsverity=no\n", false)]
    [InlineData("[ex-integrity]\ncomposefs=true\n", null)]
    [InlineData("[ex-integrity]\ncomposefs=true\nfsverity=no\n", false)]
    [InlineData("[ex-fsverity]\nrequired=true\n", true)]
    [InlineData("[ex-fsverity]\nopportunistic=true\n", null)]
    public void Settings_ask_for_fs_verity_as_libostree_reads_them(string settings, bool? wanted) =>
        Assert.Equal(wanted, new RepositoryConfig(KeyFile.Parse($"[core]\nrepo_version=1\nmode=bare\n{settings}"), "test").VerityWanted);

    [Fact]
    public void What_is_corrupt_is_named_and_nothing_asks_for_fs_verity()
    {
        ObjectName name = WriteObject();
        File.AppendAllText(PathOf(name), "changed");
        string config = File.ReadAllText(_directory["repo/config"]);

        SealResult result = _repository.RequireSeal(() => Assert.Fail("there is something corrupt"));

        FsckFinding finding = Assert.Single(result.Corrupt);
        Assert.Equal(name, finding.Name);
        Assert.StartsWith("its content has the checksum ", finding.Reason);
        Assert.Equal((0, config), (result.Sealed, File.ReadAllText(_directory["repo/config"])));
    }

    [Fact]
    public void Where_the_file_system_cannot_it_is_said()
    {
        Assert.SkipWhen(_repository.CanSeal(), "this file system has fs-verity");
        WriteObject();

        Assert.StartsWith($"{_directory["repo"]} cannot be sealed: ", Assert.Throws<SealingNotSupportedException>(() => _repository.Seal()).Message);
    }

    public void Dispose()
    {
        _repository.Dispose();
        _directory.Dispose();
    }

    private ObjectName WriteObject()
    {
        using RepositoryTransaction transaction = _repository.BeginTransaction();
        Checksum checksum = transaction.WriteFile(FileHeader.ForFile(CurrentProcess.FileSystemUid, 0, 0x1A4), "content"u8).Checksum;
        transaction.Commit();
        return new ObjectName(checksum, ObjectType.File);
    }

    private string PathOf(ObjectName name) => _directory["repo/objects/" + name.PathIn(RepositoryMode.Bare)];
}
