// Locks in a file: nothing that was granted is lost, and what is no store is refused.
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Bootc.Testing;
using Bootc.Updates.FleetLock;

namespace Bootc.Updates.Tests;

public class FileSemaphoreStoreTests
{
    private static readonly RebootSemaphore One = new() { TotalSlots = 1, Holders = ["a"] };

    [Fact]
    public async Task What_was_swapped_in_is_there_after_a_restart()
    {
        using var directory = new TestDirectory("store");
        await using (var store = FileSemaphoreStore.Open(directory["sub/locks.json"]))
        {
            Assert.Equal(default, await store.ReadAsync("default", default));
            Assert.True((await store.SwapAsync("default", 0, One with { Holders = [] }, default)).IsSwapped);
            Assert.True((await store.SwapAsync("default", 1, One, default)).IsSwapped);
        }

        await using var again = FileSemaphoreStore.Open(directory["sub/locks.json"]);
        StoredSemaphore stored = await again.ReadAsync("default", default);
        Assert.Equal((2L, "a"), (stored.Revision, Assert.Single(stored.Value!.Holders)));
    }

    [Fact]
    public async Task A_swap_on_an_old_revision_changes_nothing()
    {
        using var directory = new TestDirectory("store");
        await using var store = FileSemaphoreStore.Open(directory["locks.json"]);
        await store.SwapAsync("default", 0, One, default);

        SwapResult result = await store.SwapAsync("default", 0, One with { Holders = ["b"] }, default);

        Assert.Equal((false, 1L, "a"), (result.IsSwapped, result.Stored.Revision, result.Stored.Value!.Holders[0]));
    }

    [Fact]
    public async Task Two_processes_do_not_share_it()
    {
        using var directory = new TestDirectory("store");
        await using var store = FileSemaphoreStore.Open(directory["locks.json"]);

        Assert.Contains("is in use by another process", Assert.Throws<LockStoreException>(() => FileSemaphoreStore.Open(directory["locks.json"])).Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("""{"schema":"bootc.fleet-lock/v2","groups":{}}""")]
    [InlineData("""{"schema":"bootc.fleet-lock/v1"}""")]
    [InlineData("""{"schema":"bootc.fleet-lock/v1","groups":{"default":null}}""")]
    [InlineData("""{"schema":"bootc.fleet-lock/v1","groups":{"default":{"revision":1}}}""")]
    public void A_file_that_is_no_store_is_refused_and_left_as_it_is(string content)
    {
        using var directory = new TestDirectory("store");
        string path = directory.Write("locks.json", content);

        Assert.StartsWith($"{path} is malformed: ", Assert.Throws<LockStoreException>(() => FileSemaphoreStore.Open(path)).Message);
        Assert.Equal(content, File.ReadAllText(path));
    }

    [Fact]
    public async Task A_disk_that_is_full_grants_nothing()
    {
        Peer.RequireRoot("mounts a small file system");
        using var directory = new TestDirectory("store");
        Directory.CreateDirectory(directory["small"]);
        Peer.Run("mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", directory["small"]).Succeeded();
        await using var store = FileSemaphoreStore.Open(directory["small/locks.json"]);
        await store.SwapAsync("default", 0, One with { TotalSlots = 9 }, default);
        Assert.Throws<IOException>(() => File.WriteAllBytes(directory["small/filler"], new byte[32 << 10]));

        LockStoreException error = await Assert.ThrowsAsync<LockStoreException>(() => store.SwapAsync("default", 1, One with { TotalSlots = 9, Holders = ["a", "b"] }, default));

        Assert.Contains("ENOSPC", error.InnerException!.Message);
        Assert.Equal(1, (await store.ReadAsync("default", default)).Revision);
        File.Delete(directory["small/filler"]);
        Assert.True((await store.SwapAsync("default", 1, One, default)).IsSwapped);
    }

    [Fact]
    public async Task A_server_that_is_killed_has_kept_every_lock_that_it_granted()
    {
        using var directory = new TestDirectory("store");
        for (int round = 0; round < 5; round++)
        {
            var granted = new ConcurrentQueue<string>();
            var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using (var server = new ServerProcess("fleet-lock", "serve", "--listen", "127.0.0.1:0", "--store", directory["locks.json"], "--group", "default=100000"))
            {
                using var client = new FleetLockClient(server.Url);
                Task asking = Task.Run(async () =>
                {
                    for (int i = 0; ; i++)
                    {
                        string id = $"host-{round}-{i}";
                        await client.PreRebootAsync(new FleetLockIdentity(id, "default"));
                        granted.Enqueue(id);
                        first.TrySetResult();
                    }
                });
                Assert.Same(first.Task, await Task.WhenAny(first.Task, asking)); // however long a machine at work on other things takes for that
                await Task.Delay(200 + (round * 37));
                server.Kill();
                await Assert.ThrowsAsync<HttpRequestException>(() => asking);
            }

            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(directory["locks.json"]));
            HashSet<string> held = [.. document.RootElement.GetProperty("groups").GetProperty("default").GetProperty("semaphore").GetProperty("holders").EnumerateArray().Select(id => id.GetString()!)];
            Assert.All(granted, id => Assert.Contains(id, held));
        }
    }
}
