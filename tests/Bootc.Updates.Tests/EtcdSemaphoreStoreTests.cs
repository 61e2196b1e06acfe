// Locks in a real etcd, where airlock would find them.
using System.Text.Json;
using Bootc.Testing;
using Bootc.Updates.FleetLock;
using Bootc.Updates.FleetLock.Etcd;

namespace Bootc.Updates.Tests;

public class EtcdSemaphoreStoreTests
{
    private const string Key = "com.coreos.airlock/groups/workers/v1/semaphore";

    [Fact]
    public async Task Locks_lie_where_airlock_keeps_them_and_in_its_form()
    {
        using var directory = new TestDirectory("etcd");
        using var etcd = new RealEtcd(directory);
        await using var server = new Server([etcd.Url], ("workers", 2));

        await server.Manager.SetSlotsAsync();
        Assert.Equal("""{"total_slots":2,"holders":[]}""", etcd.Get(Key));
        Assert.Equal(200, await server.PreReboot("b"));
        Assert.Equal(200, await server.PreReboot("a"));
        using JsonDocument stored = JsonDocument.Parse(etcd.Get(Key)!);
        Assert.Equal(2, stored.RootElement.GetProperty("total_slots").GetInt32());
        Assert.Equal(["a", "b"], stored.RootElement.GetProperty("holders").EnumerateArray().Select(id => id.GetString()!));
        Assert.Equal(200, await server.SteadyState("b"));
        Assert.Equal(200, await server.SteadyState("a"));
        Assert.Equal("""{"total_slots":2,"holders":[]}""", etcd.Get(Key));
    }

    [Fact]
    public async Task Locks_that_airlock_granted_count()
    {
        using var directory = new TestDirectory("etcd");
        using var etcd = new RealEtcd(directory);
        await using var server = new Server([etcd.Url], ("workers", 1));
        Assert.Equal(200, await server.SteadyState("x")); // what it knows of the semaphore is old from now on
        etcd.Put(Key, """{"total_slots":1,"holders":["other"]}""");

        Assert.Equal(409, await server.PreReboot("a"));
        Assert.Equal(200, await server.PreReboot("other"));
        etcd.Put(Key, """{"total_slots":1,"holders":[]}""");
        Assert.Equal(200, await server.PreReboot("a"));
        Assert.Equal(409, await server.PreReboot("other"));
    }

    [Fact]
    public async Task A_value_that_is_no_semaphore_is_an_error_and_stays()
    {
        using var directory = new TestDirectory("etcd");
        using var etcd = new RealEtcd(directory);
        etcd.Put(Key, "garbage");
        await using var server = new Server([etcd.Url], ("workers", 1));

        Assert.Equal(500, await server.PreReboot("a"));
        Assert.Equal("garbage", etcd.Get(Key));
    }

    [Fact]
    public async Task Servers_on_one_etcd_are_equal_and_never_let_in_more_than_there_are_slots()
    {
        using var directory = new TestDirectory("etcd");
        using var etcd = new RealEtcd(directory);
        await using var first = new Server([etcd.Url], ("workers", 3));
        await using var second = new Server([etcd.Url], ("workers", 3));
        await using var third = new Server([etcd.Url], ("workers", 3));
        Server[] servers = [first, second, third];
        int holders = 0, most = 0, done = 0;

        await Parallel.ForAsync(0, 90, new ParallelOptions { MaxDegreeOfParallelism = 30 }, async (host, _) =>
        {
            for (int turn = host; await servers[turn % 3].PreReboot($"host-{host}") != 200; turn++)
            {
                await Task.Delay(Random.Shared.Next(10));
            }

            LockManagerTests.InterlockedMax(ref most, Interlocked.Increment(ref holders));
            await Task.Delay(Random.Shared.Next(3));
            Interlocked.Decrement(ref holders);
            Assert.Equal(200, await servers[(host + 1) % 3].SteadyState($"host-{host}"));
            Interlocked.Increment(ref done);
        });

        Assert.Equal(90, done);
        Assert.InRange(most, 1, 3);
        Assert.Equal("""{"total_slots":3,"holders":[]}""", etcd.Get(Key));
    }

    [Fact]
    public async Task An_etcd_that_goes_away_fails_requests_and_one_that_comes_back_serves_them()
    {
        using var directory = new TestDirectory("etcd");
        using var etcd = new RealEtcd(directory);
        await using var server = new Server([new Uri("http://127.0.0.1:1"), etcd.Url], ("workers", 1)); // the first member is never there
        Assert.Equal(200, await server.PreReboot("a"));
        etcd.Kill();

        Assert.Equal(500, await server.PreReboot("b"));
        Assert.Equal(500, await server.SteadyState("a"));
        etcd.Start();
        Assert.Equal(409, await server.PreReboot("b"));
        Assert.Equal(200, await server.SteadyState("a"));
        Assert.Equal(200, await server.PreReboot("b"));
    }

    [Fact]
    public async Task A_leader_that_is_lost_keeps_every_lock_and_hosts_get_theirs_when_another_one_leads()
    {
        using var directory = new TestDirectory("etcd");
        using var etcd = new EtcdCluster(directory);
        await using var server = new Server(etcd.Urls, ("workers", 2));
        Assert.Equal(200, await server.PreReboot("a"));

        int leader = etcd.WaitForLeader();
        etcd.Kill(leader);
        Assert.Equal(200, await Patiently(() => server.PreReboot("b"))); // while they elect, nothing is granted; then the other two go on
        Assert.Equal(409, await server.PreReboot("c"));

        int second = etcd.WaitForLeader();
        etcd.Kill(second); // one member alone grants nothing, and takes nothing back
        Assert.Equal(500, await server.PreReboot("c"));
        Assert.Equal(500, await server.SteadyState("a"));
        etcd.Start(leader);
        Assert.Equal(409, await Patiently(() => server.PreReboot("c")));
        Assert.Equal(200, await server.SteadyState("a"));
        Assert.Equal(200, await server.PreReboot("c"));

        static async Task<int> Patiently(Func<Task<int>> ask)
        {
            int status = await ask();
            for (int i = 0; i < 60 && status == 500; i++)
            {
                await Task.Delay(250);
                status = await ask();
            }

            return status;
        }
    }

    [Theory]
    [InlineData(200, "{}")]
    [InlineData(200, "[]")]
    [InlineData(200, "")]
    [InlineData(200, """{"header":{"revision":"x"},"succeeded":true}""")]
    [InlineData(200, """{"succeeded":false,"responses":[{"response_range":{"kvs":[{"value":"bm9uZQ==","mod_revision":"3"}]}}]}""")]
    [InlineData(503, """{"error":"etcdserver: no leader","code":14}""")]
    [InlineData(404, "<html>")]
    public async Task Answers_that_are_none_grant_nothing(int status, string body)
    {
        using var etcd = new ScriptedServer(_ => new ScriptedAnswer(status, body));
        await using var server = new Server([new Uri($"http://{etcd.Address}")], ("workers", 1));

        Assert.Equal(500, await server.PreReboot("a"));
    }

    [Fact]
    public async Task A_member_that_hangs_leaves_time_to_the_others()
    {
        using var directory = new TestDirectory("etcd");
        using var etcd = new RealEtcd(directory);
        using var hanging = new ScriptedServer(_ => new ScriptedAnswer(200, "x") { Stalls = true, BreakAfter = 0 });
        await using var server = new Server([new Uri($"http://{hanging.Address}"), etcd.Url], ("workers", 1));

        Assert.Equal(200, await server.PreReboot("a"));
    }

    private sealed class Server : IAsyncDisposable
    {
        private readonly EtcdSemaphoreStore _store;

        public Server(Uri[] endpoints, (string Name, ulong Slots) group)
        {
            _store = new EtcdSemaphoreStore(endpoints, timeout: TimeSpan.FromSeconds(2));
            Manager = new LockManager(_store, new LockManagerOptions { Groups = new Dictionary<string, ulong> { [group.Name] = group.Slots } });
        }

        public LockManager Manager { get; }

        public Task<int> PreReboot(string id) => Post("/v1/pre-reboot", id);

        public Task<int> SteadyState(string id) => Post("/v1/steady-state", id);

        public async ValueTask DisposeAsync()
        {
            await Manager.DisposeAsync();
            await _store.DisposeAsync();
        }

        private async Task<int> Post(string path, string id)
        {
            byte[] body = System.Text.Encoding.UTF8.GetBytes(TestLockManager.Body(id, "workers"));
            return (await Manager.AnswerAsync(new Updates.Http.HttpCall("POST", path, "", name => name == "fleet-lock-protocol" ? "true" : null, body, null), default)).Status;
        }
    }
}
