// Pruning removes what no ref needs, and nothing else.
using Bootc.Linux;
using Bootc.Ostree.Objects;
using Bootc.Testing;
using Xunit;

namespace Bootc.Ostree.Tests;

public sealed class PruneTests : IDisposable
{
    private readonly TestDirectory _directory = new();
    private readonly Repository _repository;

    public PruneTests()
    {
        Oracle.Require();
        Directory.CreateDirectory(_directory["repo"]);
        _repository = Repository.Create(DirectoryHandle.Open(_directory["repo"]), RepositoryMode.Bare);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1)]
    public void What_remains_is_what_libostree_leaves(int depth)
    {
        string tree = SampleTree.Make(_directory);
        Checksum? parent = null;
        for (int i = 0; i < 4; i++)
        {
            File.WriteAllText($"{tree}/version", $"{i}");
            File.WriteAllText($"{tree}/only-{i}", $"{i}");
            parent = TreeCommit.Write(_repository, tree, "main", (ulong)i, parent);
            File.Delete($"{tree}/only-{i}");
        }

        TreeCommit.Write(_repository, _directory["tree/usr"], "gone");
        TreeCommit.Write(_repository, _directory["tree/many"], "kept");
        _repository.SetRef("remote:far/away", TreeCommit.Write(_repository, _directory["tree/directory"], "local"));
        _repository.SetRef("local", null);
        _repository.SetRef("gone", null);
        Peer.Run("cp", "-a", _directory["repo"], _directory["theirs"]).Succeeded();
        Oracle.Run("ostree", "prune", $"--repo={_directory["theirs"]}", "--refs-only", $"--depth={depth}").Succeeded();

        PruneResult dry = _repository.Prune(depth, dryRun: true);
        PruneResult result = _repository.Prune(depth);

        Assert.Equal(dry, result);
        Assert.True(result.Deleted > 0);
        Assert.Equal(Objects("theirs"), Objects("repo"));
        using Repository fresh = Repository.Open(_directory["repo"]);
        Assert.DoesNotContain(fresh.Fsck().Findings, finding => finding.Reason != "it is missing");
        Assert.Equal(0, fresh.Prune(depth).Deleted);
    }

    [Fact]
    public async Task A_running_transaction_keeps_pruning_waiting()
    {
        TreeCommit.Write(_repository, SampleTree.Make(_directory), "main");
        RepositoryTransaction transaction = _repository.BeginTransaction();
        using Repository other = Repository.Open(_directory["repo"]);

        Task<PruneResult> prune = Task.Run(() => other.Prune(), TestContext.Current.CancellationToken);
        Task first = await Task.WhenAny(prune, Task.Delay(300, TestContext.Current.CancellationToken));
        transaction.Dispose();

        Assert.NotSame(prune, first);
        Assert.Equal(0, (await prune).Deleted);
    }

    public void Dispose()
    {
        _repository.Dispose();
        _directory.Dispose();
    }

    private string Objects(string repo) =>
        string.Join('\n', Peer.Run("find", _directory[$"{repo}/objects"], "-type", "f", "-printf", "%P\n").Succeeded().Split('\n').Order(StringComparer.Ordinal));
}
