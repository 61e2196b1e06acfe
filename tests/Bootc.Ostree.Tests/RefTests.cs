// Refs: names of commits, which must not lead out of the repository.
using Bootc.Linux;
using Bootc.Ostree.Objects;
using Bootc.Testing;
using Xunit;

namespace Bootc.Ostree.Tests;

public sealed class RefTests : IDisposable
{
    private static readonly Checksum Commit = Checksum.Compute("a commit"u8);

    private readonly TestDirectory _directory = new();
    private readonly Repository _repository;

    public RefTests()
    {
        Directory.CreateDirectory(_directory["repo"]);
        _repository = Repository.Create(DirectoryHandle.Open(_directory["repo"]), RepositoryMode.Bare);
    }

    [Fact]
    public void Refs_are_files_below_heads_and_remotes()
    {
        _repository.SetRef("os/x86_64/stable", Commit);
        _repository.SetRef("fedora:os/x86_64/stable", Commit);

        Assert.Equal($"{Commit}\n", File.ReadAllText(_directory["repo/refs/heads/os/x86_64/stable"]));
        Assert.Equal($"{Commit}\n", File.ReadAllText(_directory["repo/refs/remotes/fedora/os/x86_64/stable"]));
        Assert.Equal(["fedora:os/x86_64/stable", "os/x86_64/stable"], _repository.ListRefs().Select(entry => entry.Key));
        Assert.Equal(["os/x86_64/stable"], _repository.ListRefs("os/x86_64").Select(entry => entry.Key));
        Assert.Null(_repository.TryResolveRef("os/x86_64"));
        Assert.Null(_repository.TryResolveRef("os/other"));
    }

    [Fact]
    public void A_ref_is_replaced_and_removed()
    {
        Checksum next = Checksum.Compute("the next"u8);
        _repository.SetRef("main", Commit);
        _repository.SetRef("main", next);

        Assert.Equal(next, _repository.TryResolveRef("main"));

        _repository.SetRef("main", null);
        Assert.Null(_repository.TryResolveRef("main"));
        Assert.Empty(_repository.ListRefs());
    }

    [Fact]
    public void Several_refs_change_together()
    {
        Checksum next = Checksum.Compute("the next"u8);
        _repository.SetRef("a/old", Commit);
        _repository.SetRef("a/kept", Commit);

        _repository.SetRefs([new("a/new", next), new("a/kept", next), new("remote:b", Commit), new("a/old", null), new("a/never", null)]);

        Assert.Equal([$"a/kept {next}", $"a/new {next}", $"remote:b {Commit}"], _repository.ListRefs().Select(entry => $"{entry.Key} {entry.Value}"));
        Assert.Equal(["kept", "new"], Directory.GetFiles(_directory["repo/refs/heads/a"]).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Of_refs_that_cannot_all_be_changed_none_is()
    {
        _repository.SetRef("a/b", Commit);

        Assert.Throws<ArgumentException>(() => _repository.SetRefs([new("a/new", Commit), new("a/b", null), new("no name", Commit)]));

        Assert.Equal(["a/b"], _repository.ListRefs().Select(entry => entry.Key));
        Assert.Equal(["b"], Directory.GetFiles(_directory["repo/refs/heads/a"]).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("../../config")]
    [InlineData("a/../b")]
    [InlineData("/absolute")]
    [InlineData("a//b")]
    [InlineData("a/")]
    [InlineData("with space")]
    [InlineData("remote:../x")]
    [InlineData("../remote:x")]
    [InlineData("new\nline")]
    [InlineData("a:b:c")]
    public void Names_that_are_no_refs_are_refused(string name)
    {
        string before = File.ReadAllText(_directory["repo/config"]);

        Assert.ThrowsAny<Exception>(() => _repository.SetRef(name, Commit));

        Assert.Equal(before, File.ReadAllText(_directory["repo/config"]));
        Assert.Empty(_repository.ListRefs());
    }

    [Fact]
    public void A_ref_that_holds_something_else_is_an_error_that_names_it()
    {
        _directory.Write("repo/refs/heads/main", "no checksum");

        Assert.Contains("'main'", Assert.Throws<RepositoryFormatException>(() => _repository.TryResolveRef("main")).Message);
    }

    [Theory]
    [InlineData("[core]\nrepo_version=2\nmode=bare\n", "repo_version")]
    [InlineData("[core]\nrepo_version=1\nmode=strange\n", "strange")]
    [InlineData("[core]\nrepo_version=1\nmode=bare\nfsync=perhaps\n", "fsync")]
    [InlineData("no key file", "config")]
    [InlineData("", "repo")]
    public void A_config_that_we_do_not_understand_is_refused_by_name(string config, string named)
    {
        File.WriteAllText(_directory["repo/config"], config);

        Assert.Contains(named, Assert.Throws<RepositoryFormatException>(() => Repository.Open(_directory["repo"]).Dispose()).Message);
    }

    [Fact]
    public void A_directory_that_is_no_repository_is_named()
    {
        Directory.CreateDirectory(_directory["empty"]);

        Assert.Contains(_directory["empty"], Assert.Throws<RepositoryFormatException>(() => Repository.Open(_directory["empty"]).Dispose()).Message);
    }

    public void Dispose()
    {
        _repository.Dispose();
        _directory.Dispose();
    }
}
