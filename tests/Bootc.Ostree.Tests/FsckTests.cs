// Damage of every kind is found, named, and told as libostree tells it.
using Bootc.Linux;
using Bootc.Ostree.Objects;
using Bootc.Testing;
using Xunit;

namespace Bootc.Ostree.Tests;

public sealed class FsckTests : IDisposable
{
    private readonly TestDirectory _directory = new();
    private readonly Repository _repository;
    private readonly Checksum _commit;

    public FsckTests()
    {
        Peer.RequireRoot("files with owners and attributes");
        Directory.CreateDirectory(_directory["repo"]);
        _repository = Repository.Create(DirectoryHandle.Open(_directory["repo"]), RepositoryMode.Bare);
        _commit = TreeCommit.Write(_repository, SampleTree.Make(_directory), "main");
    }

    public static TheoryData<string> Damages => ["flip", "truncate", "extend", "mode", "owner", "attribute", "remove"];

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_damaged_file_is_named_with_its_path(string damage)
    {
        Checksum file = _repository.OpenTree(_commit).TryGetFile("usr/bin/tool")!.Value;
        var name = new ObjectName(file, ObjectType.File);
        Damage(name, damage);

        FsckResult result = _repository.Fsck();

        FsckFinding finding = Assert.Single(result.Findings);
        Assert.Equal((name, _commit, "usr/bin/tool"), (finding.Name, finding.Commit, finding.Path));
        Assert.Equal(damage == "remove", finding.Reason == "it is missing");
        Assert.NotEqual(0, Oracle.Run("ostree", "fsck", $"--repo={_directory["repo"]}").ExitCode);
    }

    [Theory]
    [InlineData("flip")]
    [InlineData("truncate")]
    [InlineData("remove")]
    public void A_damaged_directory_is_named_with_its_path(string damage)
    {
        DirTreeDirectory usr = _repository.LoadDirTree(_repository.LoadCommit(_commit).RootTree).Directories.Single(directory => directory.Name == "usr");
        using Repository fresh = Repository.Open(_directory["repo"]);
        Damage(new(usr.Tree, ObjectType.DirTree), damage);

        FsckResult result = fresh.Fsck();

        Assert.Contains(result.Findings, finding => finding.Name == new ObjectName(usr.Tree, ObjectType.DirTree) && finding.Path == "usr");
    }

    [Theory]
    [InlineData("flip")]
    [InlineData("truncate")]
    public void A_damaged_commit_is_found(string damage)
    {
        var name = new ObjectName(_commit, ObjectType.Commit);
        Damage(name, damage);
        using Repository fresh = Repository.Open(_directory["repo"]);

        Assert.Contains(fresh.Fsck().Findings, finding => finding.Name == name);
    }

    [Fact]
    public void Objects_missing_from_a_commit_that_is_marked_partial_are_no_error()
    {
        _repository.ObjectsDirectory.RemoveFile(new ObjectName(_repository.OpenTree(_commit).TryGetFile("large")!.Value, ObjectType.File).PathIn(RepositoryMode.Bare));
        _repository.MarkPartial(_commit, true);

        FsckResult result = _repository.Fsck();

        Assert.Empty(result.Findings);
        Assert.Equal(1, result.PartialCommits);
    }

    [Fact]
    public void Deleting_removes_bad_objects_and_marks_their_commits_partial_as_libostree_does()
    {
        var name = new ObjectName(_repository.OpenTree(_commit).TryGetFile("usr/bin/tool")!.Value, ObjectType.File);
        Damage(name, "flip");

        _repository.Fsck(new FsckOptions { Delete = true });

        Assert.False(_repository.HasObject(name));
        Assert.True(_repository.IsPartial(_commit));
        Assert.Empty(_repository.Fsck().Findings);
    }

    public void Dispose()
    {
        _repository.Dispose();
        _directory.Dispose();
    }

    private void Damage(ObjectName name, string damage)
    {
        string path = _directory["repo/objects/" + name.PathIn(RepositoryMode.Bare)];
        switch (damage)
        {
            case "flip":
                byte[] content = File.ReadAllBytes(path);
                content[content.Length / 2] ^= 1;
                File.WriteAllBytes(path, content);
                break;
            case "truncate":
                using (FileStream file = File.OpenWrite(path))
                {
                    file.SetLength(file.Length - 1);
                }

                break;
            case "extend":
                File.AppendAllText(path, "x");
                break;
            case "mode":
                _directory.Handle.SetMode(Path.GetRelativePath(_directory.Path, path), 0x1A4);
                break;
            case "owner":
                _directory.Handle.SetOwner(Path.GetRelativePath(_directory.Path, path), 1, 1);
                _directory.Handle.SetMode(Path.GetRelativePath(_directory.Path, path), 0x9ED);
                break;
            case "attribute":
                _directory.Handle.SetExtendedAttribute(Path.GetRelativePath(_directory.Path, path), "user.stray", "1"u8);
                break;
            default:
                File.Delete(path);
                break;
        }
    }
}
