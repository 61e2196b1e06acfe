// The agent's steps, on a host that does as a test says.
using Bootc.Testing;
using Bootc.Updates.Agent;
using Bootc.Updates.FleetLock;
using Bootc.Updates.Graph;
using Bootc.Updates.Strategies;
using Bootc.Updates.Windows;

namespace Bootc.Updates.Tests;

public class UpdateAgentTests
{
    private static readonly GraphNode Next = new("2", 2) { Payload = "quay.io/os@sha256:02", Scheme = GraphNode.OciScheme };
    private readonly SettableClock _clock = new(DateTimeOffset.Parse("2026-01-05T12:00:00Z")); // a Monday
    private readonly Host _host = new();

    [Fact]
    public async Task An_update_is_found_staged_and_booted_at_once()
    {
        UpdateAgent agent = Agent(new ImmediateStrategy());

        Assert.Equal(
            ["Initialized 0", "ReportedSteady 0", "NoNewUpdate 300"],
            await Steps(agent, 3));
        _host.Decision = Update;
        Assert.Equal(
            ["UpdateAvailable 0", "UpdateStaged 0", "UpdateFinalized 0", "End -"],
            await Steps(agent, 4));
        Assert.Equal(["decide", "decide", "stage 2", "reboot 2"], _host.Done);
    }

    [Fact]
    public async Task An_agent_that_is_disabled_does_nothing()
    {
        UpdateAgent agent = Agent(new ImmediateStrategy(), new AgentConfig { IsEnabled = false });

        Assert.Equal(["End -"], await Steps(agent, 1));
        Assert.Empty(_host.Done);
    }

    [Fact]
    public async Task A_graph_that_cannot_be_had_is_asked_for_again()
    {
        UpdateAgent agent = Agent(new ImmediateStrategy());
        _host.DecideError = new CincinnatiException("client_failed_request", "nobody answers");

        Assert.Equal(["Initialized 0", "ReportedSteady 0", "NoNewUpdate 300", "NoNewUpdate 300"], await Steps(agent, 4));
        Assert.Equal("looking for updates failed: nobody answers", agent.State.Status);
        _host.DecideError = null;
        _host.Decision = Update;
        Assert.Equal(["UpdateAvailable 0"], await Steps(agent, 1));
    }

    [Fact]
    public async Task A_release_that_is_outdated_is_looked_for_anew_at_once()
    {
        UpdateAgent agent = Agent(new ImmediateStrategy());
        _host.Decision = Update;
        _host.StageError = new ReleaseOutdatedException("2 is not wanted any more: 3 is");

        Assert.Equal(["Initialized 0", "ReportedSteady 0", "UpdateAvailable 0", "NoNewUpdate 0", "UpdateAvailable 0"], await Steps(agent, 5));
        Assert.Equal(0, agent.Counters.StageFailures);
    }

    [Fact]
    public async Task A_release_that_cannot_be_staged_is_given_up_after_a_while()
    {
        UpdateAgent agent = Agent(new ImmediateStrategy());
        _host.Decision = Update;
        _host.StageError = new IOException("the disk is full");
        await Steps(agent, 3);

        Assert.Equal(Enumerable.Repeat("UpdateAvailable 300", UpdateAgent.MaximumAttempts - 1), await Steps(agent, UpdateAgent.MaximumAttempts - 1));
        Assert.Equal("2 could not be staged (11 of 12 attempts): the disk is full", agent.State.Status);
        Assert.Equal(["NoNewUpdate 0"], await Steps(agent, 1));
        _host.StageError = null;
        Assert.Equal(["UpdateAvailable 0", "UpdateStaged 0", "UpdateFinalized 0"], await Steps(agent, 3));
    }

    [Fact]
    public async Task Users_are_warned_and_waited_for_but_not_for_ever()
    {
        UpdateAgent agent = Agent(new ImmediateStrategy());
        _host.Decision = Update;
        _host.Sessions = 1;
        await Steps(agent, 4);

        Assert.Equal([.. Enumerable.Repeat("UpdateStaged 60", 9), "UpdateStaged 300"], await Steps(agent, 10));
        Assert.Equal(
            [
                "warn: The update 2 is ready. This host reboots when all users are logged out, or in 10 minutes. Please save your work and log out.",
                "warn: The update 2 is ready. This host reboots in 1 minute. Please save your work and log out.",
            ],
            _host.Done.Where(action => action.StartsWith("warn")));
        Assert.Equal(["UpdateFinalized 0"], await Steps(agent, 1));
    }

    [Fact]
    public async Task Users_who_log_out_are_not_waited_for()
    {
        UpdateAgent agent = Agent(new ImmediateStrategy());
        _host.Decision = Update;
        _host.Sessions = 2;
        await Steps(agent, 5);
        _host.Sessions = 0;

        Assert.Equal(["UpdateFinalized 0"], await Steps(agent, 1));
    }

    [Fact]
    public async Task The_reboot_waits_for_a_window()
    {
        WeeklyCalendar calendar = new(WeeklyWindow.Create(DayOfWeek.Tuesday, new TimeOnly(3, 0), 60), TimeZones.Find("Europe/Rome"));
        UpdateAgent agent = Agent(new PeriodicStrategy(calendar, _clock));
        _host.Decision = Update;
        await Steps(agent, 4);

        Assert.Equal(["UpdateStaged 60"], await Steps(agent, 1));
        Assert.Equal("2 is staged; the reboot waits: the next window opens Tue 2026-01-06 03:00 (Europe/Rome)", agent.State.Status);
        _clock.Now = DateTimeOffset.Parse("2026-01-06T02:00:00Z");
        Assert.Equal(["UpdateFinalized 0"], await Steps(agent, 1));
    }

    [Fact]
    public async Task A_fleet_reboots_one_host_at_a_time()
    {
        await using var locks = new TestLockManager(("default", 1));
        await using Http.HttpServer server = await Http.HttpServer.StartAsync(Http.ListenAddress.Parse("127.0.0.1:0"), null, locks.Manager, _ => { });
        using var client = new FleetLockClient(server.Url);
        Host otherHost = new() { Decision = Update };
        UpdateAgent first = Agent(new FleetLockStrategy(client, new FleetLockIdentity("a", "default")));
        UpdateAgent other = new(otherHost, new FleetLockStrategy(client, new FleetLockIdentity("b", "default")), new AgentConfig(), _clock) { Jitter = () => 0 };
        _host.Decision = Update;
        await Steps(first, 4);
        await Steps(other, 4);

        Assert.Equal(["UpdateFinalized 0"], await Steps(first, 1));
        Assert.Equal(["UpdateStaged 60"], await Steps(other, 1));
        Assert.Equal("2 is staged; the reboot waits: lock manager pre-reboot rejection, code 409: semaphore currently full: all 1 slots of group default are locked", other.State.Status);

        // The first host is up again, and its agent reports it as well.
        UpdateAgent again = Agent(new FleetLockStrategy(client, new FleetLockIdentity("a", "default")));
        await Steps(again, 2);
        Assert.Equal(["UpdateFinalized 0"], await Steps(other, 1));
    }

    [Fact]
    public async Task A_lock_manager_that_is_gone_keeps_the_host_running()
    {
        using var client = new FleetLockClient("http://127.0.0.1:1");
        UpdateAgent agent = Agent(new FleetLockStrategy(client, new FleetLockIdentity("a", "default")));
        _host.Decision = Update;

        Assert.Equal(["Initialized 0", "Initialized 300", "Initialized 300"], await Steps(agent, 3));
        Assert.StartsWith("the host cannot be reported as well yet: ", agent.State.Status);
        Assert.Empty(_host.Done);
    }

    [Fact]
    public async Task Pauses_are_up_to_a_tenth_longer()
    {
        UpdateAgent agent = new(_host, new ImmediateStrategy(), new AgentConfig(), _clock) { Jitter = () => 1 };

        Assert.Equal(["Initialized 0", "ReportedSteady 0", "NoNewUpdate 330"], await Steps(agent, 3));
    }

    [Fact]
    public async Task An_agent_that_starts_again_takes_up_where_it_was_but_asks_again_for_a_reboot_that_did_not_come()
    {
        _host.Decision = Update;
        _host.Sessions = 1;
        UpdateAgent before = Agent(new ImmediateStrategy());
        await Steps(before, 5); // a minute of grace is over
        int left = before.State.PostponementsLeft;
        _host.Done.Clear();

        UpdateAgent after = new(_host, new ImmediateStrategy(), new AgentConfig(), _clock, AgentReport.Of(before.State).AsState) { Jitter = () => 0 };
        Assert.Equal((AgentStateKind.UpdateStaged, left), (after.State.Kind, after.State.PostponementsLeft));
        _host.Sessions = 0;
        Assert.Equal(["UpdateFinalized 0"], await Steps(after, 1));
        UpdateAgent last = new(_host, new ImmediateStrategy(), new AgentConfig(), _clock, AgentReport.Of(after.State).AsState);

        Assert.Equal(AgentStateKind.UpdateStaged, last.State.Kind);
        Assert.Equal(["reboot 2"], _host.Done);
    }

    [Fact]
    public async Task What_the_agent_does_is_counted()
    {
        UpdateAgent agent = Agent(new ImmediateStrategy());
        _host.DecideError = new CincinnatiException("client_failed_request", "nobody answers");
        await Steps(agent, 4);
        _host.DecideError = null;
        _host.Decision = Update;
        await Steps(agent, 3);

        AgentCounters counters = agent.Counters;
        Assert.Equal((3, 1, 0, 1, 1), (counters.Checks, counters.StageAttempts, counters.StageFailures, counters.FinalizeAttempts, counters.FinalizeSuccesses));
        Assert.Equal([("client_failed_request", 2)], counters.CheckErrors);
        Assert.Equal([("allow", 1)], counters.Verdicts);
    }

    [Fact]
    public void Sessions_without_a_terminal_are_no_users_to_wait_for() => Assert.Equal(
        ["pts/0", "tty1"],
        LoggedInUsers.ParseTerminals("""[{"session":"1","uid":0,"user":"root","seat":null,"tty":"pts/0"},{"session":"2","user":"a","tty":null},{"session":"3","user":"b"},{"session":"4","user":"c","tty":"tty1"},{"session":"5","user":"d","tty":"../sda"},{"session":"6","user":"e","tty":"pts/0"}]"""));

    private static UpdateDecision Update => new(UpdateDecisionKind.Update, new GraphNode("1", 1), Next);

    private UpdateAgent Agent(IUpdateStrategy strategy, AgentConfig? config = null) => new(_host, strategy, config ?? new AgentConfig(), _clock) { Jitter = () => 0 };

    private static async Task<IReadOnlyList<string>> Steps(UpdateAgent agent, int count)
    {
        var steps = new List<string>();
        for (int i = 0; i < count; i++)
        {
            TimeSpan? pause = await agent.StepAsync(default);
            steps.Add($"{agent.State.Kind} {(pause is { } time ? Math.Round(time.TotalSeconds).ToString() : "-")}");
        }

        return steps;
    }

    private sealed class Host : IAgentHost
    {
        public List<string> Done { get; } = [];

        public UpdateDecision Decision { get; set; } = new(UpdateDecisionKind.UpToDate, new GraphNode("1", 1), null);

        public Exception? DecideError { get; set; }

        public Exception? StageError { get; set; }

        public int Sessions { get; set; }

        public Task<UpdateDecision> DecideAsync(CancellationToken cancellation)
        {
            Done.Add("decide");
            return DecideError is null ? Task.FromResult(Decision) : throw DecideError;
        }

        public Task StageAsync(GraphNode release, CancellationToken cancellation)
        {
            Done.Add($"stage {release.Version}");
            return StageError is null ? Task.CompletedTask : throw StageError;
        }

        public Task RebootAsync(GraphNode release, CancellationToken cancellation)
        {
            Done.Add($"reboot {release.Version}");
            return Task.CompletedTask;
        }

        public int CountInteractiveSessions() => Sessions;

        public void Warn(string message) => Done.Add($"warn: {message}");
    }
}
