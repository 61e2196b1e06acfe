// The FleetLock protocol, as its description and airlock have it.
using System.Text;
using System.Text.Json;
using Bootc.Updates.FleetLock;
using Bootc.Updates.Http;

namespace Bootc.Updates.Tests;

public class LockManagerTests
{
    [Fact]
    public async Task A_slot_is_for_one_host_until_it_gives_it_back()
    {
        await using var test = new TestLockManager(("default", 1));

        Assert.Equal((200, ""), Show(await test.PreReboot("a")));
        Assert.Equal((409, """{"kind":"failed_lock_semaphore_full","value":"semaphore currently full: all 1 slots of group default are locked"}"""), Show(await test.PreReboot("b")));
        Assert.Equal((200, ""), Show(await test.PreReboot("a"))); // recursive
        Assert.Equal((200, ""), Show(await test.SteadyState("b"))); // it holds none, and frees none
        Assert.Equal(409, (await test.PreReboot("b")).Status);
        Assert.Equal((200, ""), Show(await test.SteadyState("a"))); // once, whatever the number of times it was taken
        Assert.Equal((200, ""), Show(await test.PreReboot("b")));
        Assert.Equal(409, (await test.PreReboot("a")).Status);
    }

    [Fact]
    public async Task Groups_do_not_know_of_each_other()
    {
        await using var test = new TestLockManager(("default", 1), ("workers", 2), ("none", 0));

        Assert.Equal(200, (await test.PreReboot("a")).Status);
        Assert.Equal(200, (await test.PreReboot("a", "workers")).Status);
        Assert.Equal(200, (await test.PreReboot("b", "workers")).Status);
        Assert.Equal(409, (await test.PreReboot("c", "workers")).Status);
        Assert.Equal(409, (await test.PreReboot("a", "none")).Status);
    }

    [Theory]
    [InlineData("", "true", 400, "invalid_client_identity")]
    [InlineData("null", "true", 400, "invalid_client_identity")]
    [InlineData("{}", "true", 400, "invalid_client_identity")]
    [InlineData("[]", "true", 400, "invalid_client_identity")]
    [InlineData("""{"client_params":{"group":"default"}}""", "true", 400, "invalid_client_identity")]
    [InlineData("""{"client_params":{"group":"default","id":""}}""", "true", 400, "invalid_client_identity")]
    [InlineData("""{"client_params":{"group":"","id":"a"}}""", "true", 400, "invalid_client_identity")]
    [InlineData("""{"client_params":{"group":"de/fault","id":"a"}}""", "true", 400, "invalid_client_identity")]
    [InlineData("""{"client_params":{"group":"default\n","id":"a"}}""", "true", 400, "invalid_client_identity")]
    [InlineData("""{"client_params":{"group":"default","id":"a\u0000"}}""", "true", 400, "invalid_client_identity")]
    [InlineData("""{"client_params":{"group":"default","id":7}}""", "true", 400, "invalid_client_identity")]
    [InlineData("""{"client_params":{"group":"others","id":"a"}}""", "true", 400, "unknown_group")]
    [InlineData("""{"client_params":{"group":"default","id":"a"}}""", null, 400, "invalid_client_identity")]
    [InlineData("""{"client_params":{"group":"default","id":"a"}}""", "True", 400, "invalid_client_identity")]
    public async Task Requests_that_are_none_are_refused_with_airlocks_kinds(string body, string? protocol, int status, string kind)
    {
        await using var test = new TestLockManager(("default", 1));
        foreach (string path in new[] { "/v1/pre-reboot", "/v1/steady-state" })
        {
            HttpAnswer answer = await test.Post(path, body, protocol);

            FleetLockError error = JsonSerializer.Deserialize(answer.Body.Span, FleetLockJson.Default.FleetLockError)!;
            Assert.Equal((status, kind, "application/json"), (answer.Status, error.Kind, answer.ContentType));
            Assert.NotEmpty(error.Value);
        }

        Assert.Equal(200, (await test.PreReboot("b")).Status); // nobody took the slot
    }

    [Theory]
    [InlineData("/v1/pre-reboot", 405)]
    [InlineData("/v1/pre-reboot/", 404)]
    [InlineData("/v1/force-unlock", 405)]
    [InlineData("/v2/pre-reboot", 404)]
    public async Task Other_paths_and_methods_are_refused(string path, int status)
    {
        await using var test = new TestLockManager(("default", 1));

        Assert.Equal(status, (await test.Get(path)).Status);
    }

    [Fact]
    public async Task A_lock_is_forced_open_by_who_knows_the_token()
    {
        await using var test = new TestLockManager(("default", 1));
        await test.PreReboot("dead");

        Assert.Equal((401, "unauthorized"), Kind(await test.Post("/v1/force-unlock", TestLockManager.Body("dead", "default"))));
        Assert.Equal((401, "unauthorized"), Kind(await test.Post("/v1/force-unlock", TestLockManager.Body("dead", "default"), authorization: "Bearer guess")));
        Assert.Equal(409, (await test.PreReboot("next")).Status);
        Assert.Equal((404, "not_a_holder"), Kind(await test.Post("/v1/force-unlock", TestLockManager.Body("next", "default"), authorization: "Bearer " + TestLockManager.Token)));
        Assert.Equal(200, (await test.Post("/v1/force-unlock", TestLockManager.Body("dead", "default"), authorization: "Bearer " + TestLockManager.Token)).Status);
        Assert.Equal(200, (await test.PreReboot("next")).Status);
    }

    [Fact]
    public async Task All_is_told_in_JSON()
    {
        await using var test = new TestLockManager(("default", 1));
        await test.PreReboot("a");
        test.Clock.Now += TimeSpan.FromMinutes(1);
        await test.PreReboot("b");
        test.Clock.Now += TimeSpan.FromMinutes(1);
        await test.PreReboot("b");

        Assert.Equal(
            """[{"group":"default","total_slots":1,"holders":[{"id":"a","since":"2026-01-01T00:00:00+00:00"}],"waiting":[{"id":"b","since":"2026-01-01T00:01:00+00:00","last_asked":"2026-01-01T00:02:00+00:00"}]}]""",
            Show(await test.Get("/v1/groups")).Body);
    }

    [Fact]
    public async Task Who_has_not_asked_for_an_hour_waits_no_longer()
    {
        await using var test = new TestLockManager(("default", 1));
        await test.PreReboot("a");
        await test.PreReboot("b");
        test.Clock.Now += TimeSpan.FromMinutes(61);

        Assert.Empty((await test.Manager.ReportAsync())[0].Waiting);
    }

    [Fact]
    public async Task Metrics_have_airlocks_names()
    {
        await using var test = new TestLockManager(("default", 1), ("workers", 2));
        await test.PreReboot("a");
        await test.PreReboot("b");
        await test.SteadyState("c", "nobody");
        test.Clock.Now += TimeSpan.FromSeconds(90);

        string[] samples = [.. Show(await test.Get("/metrics")).Body.Split('\n').Where(line => line.Length > 0 && line[0] != '#')];

        Assert.Equal(
            [
                "airlock_config_groups 2",
                "airlock_config_semaphore_slots{group=\"default\"} 1",
                "airlock_config_semaphore_slots{group=\"workers\"} 2",
                "airlock_database_semaphore_lock_holders{group=\"default\"} 1",
                "airlock_database_semaphore_lock_holders{group=\"workers\"} 0",
                "airlock_database_semaphore_slots{group=\"default\"} 1",
                "airlock_database_semaphore_slots{group=\"workers\"} 2",
                "bootc_fleet_lock_oldest_holder_seconds{group=\"default\"} 90",
                "bootc_fleet_lock_oldest_holder_seconds{group=\"workers\"} 0",
                "bootc_fleet_lock_waiting_hosts{group=\"default\"} 1",
                "bootc_fleet_lock_waiting_hosts{group=\"workers\"} 0",
                "bootc_fleet_lock_longest_wait_seconds{group=\"default\"} 90",
                "bootc_fleet_lock_longest_wait_seconds{group=\"workers\"} 0",
                "airlock_v1_pre_reboot_incoming_requests_total 2",
                "airlock_v1_steady_state_incoming_requests_total 1",
                "bootc_fleet_lock_v1_force_unlock_incoming_requests_total 0",
                "bootc_fleet_lock_refusals_total{endpoint=\"pre_reboot\",kind=\"failed_lock_semaphore_full\"} 1",
                "bootc_fleet_lock_refusals_total{endpoint=\"steady_state\",kind=\"unknown_group\"} 1",
            ],
            samples);
    }

    [Fact]
    public async Task The_page_shows_groups_holders_and_times_and_no_markup_of_others()
    {
        await using var test = new TestLockManager(("default", 1));
        await test.PreReboot("<script>");
        await test.PreReboot("waiter");
        test.Clock.Now += TimeSpan.FromHours(3) + TimeSpan.FromMinutes(12);
        await test.PreReboot("waiter"); // asked long ago: forgotten in between
        test.Clock.Now += TimeSpan.FromSeconds(7);

        string page = Show(await test.Get("/")).Body;

        Assert.DoesNotContain("<script>", page);
        Assert.Contains("<h2>default <meter min=\"0\" max=\"1\" value=\"1\"></meter> 1 of 1</h2>", page);
        Assert.Contains("<td>&lt;script&gt;</td><td class=\"time\">3 h 12 min</td>", page);
        Assert.Contains("<td>waiter</td><td class=\"time\">7 s</td>", page);
    }

    [Fact]
    public async Task Many_hosts_at_once_never_hold_more_than_there_are_slots()
    {
        await using var test = new TestLockManager(("default", 3));
        int holders = 0, most = 0, done = 0;
        await Parallel.ForAsync(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 50 }, async (host, _) =>
        {
            while ((await test.PreReboot($"host-{host}")).Status != 200)
            {
                await Task.Delay(1);
            }

            InterlockedMax(ref most, Interlocked.Increment(ref holders));
            await Task.Yield();
            Interlocked.Decrement(ref holders);
            Assert.Equal(200, (await test.SteadyState($"host-{host}")).Status);
            Interlocked.Increment(ref done);
        });

        Assert.Equal(200, done);
        Assert.InRange(most, 1, 3);
        Assert.Empty((await test.Manager.ReportAsync())[0].Holders);
    }

    internal static void InterlockedMax(ref int most, int value)
    {
        for (int seen = most; value > seen && Interlocked.CompareExchange(ref most, value, seen) != seen; seen = most)
        {
        }
    }

    private static (int Status, string Body) Show(HttpAnswer answer) => (answer.Status, Encoding.UTF8.GetString(answer.Body.Span));

    private static (int Status, string? Kind) Kind(HttpAnswer answer) => (answer.Status, answer.ErrorKind);
}
