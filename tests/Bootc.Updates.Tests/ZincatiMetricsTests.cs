// The numbers of the agent under zincati's names, with zincati's labels: its dashboards read them.
using System.Text;
using Bootc.Testing;
using Bootc.Updates.Agent;
using Bootc.Updates.FleetLock;
using Bootc.Updates.Graph;
using Bootc.Updates.Strategies;
using Bootc.Updates.Windows;

namespace Bootc.Updates.Tests;

public class ZincatiMetricsTests
{
    // All that zincati has, but for those of its calls of rpm-ostree that have no counterpart here.
    [Theory]
    [InlineData("zincati_update_agent_updates_enabled 1")]
    [InlineData("zincati_update_agent_updates_allow_downgrade 0")]
    [InlineData("zincati_update_agent_latest_state_change_timestamp 0")]
    [InlineData("zincati_update_agent_last_refresh_timestamp 7")]
    [InlineData("zincati_update_agent_finalization_attempts 0")]
    [InlineData("zincati_update_agent_finalization_successes 0")]
    [InlineData("zincati_update_agent_finalization_blocked_count{reason=\"active_usersessions\"} 2")]
    [InlineData("zincati_update_agent_finalization_detected_active_users 0")]
    [InlineData("zincati_update_agent_postponed_finalizations_total 2")]
    [InlineData("zincati_updates_strategy_mode{strategy=\"periodic\"} 1")]
    [InlineData("zincati_updates_strategy_periodic_schedule_length_minutes 60")]
    [InlineData("zincati_updates_strategy_can_finalize_responses{response=\"allow\"} 1")]
    [InlineData("zincati_updates_strategy_can_finalize_responses{response=\"deny\"} 1")]
    [InlineData("zincati_updates_strategy_can_finalize_responses{response=\"error\"} 2")]
    [InlineData("zincati_strategy_fleet_lock_requests_total{api=\"pre-reboot\"} 2")]
    [InlineData("zincati_strategy_fleet_lock_requests_total{api=\"steady-state\"} 1")]
    [InlineData("zincati_strategy_fleet_lock_errors_total{api=\"pre-reboot\",kind=\"failure_foo\"} 1")]
    [InlineData("zincati_strategy_fleet_lock_errors_total{api=\"pre-reboot\",kind=\"generic_http_433\"} 1")]
    [InlineData("zincati_identity_os_info{os_version=\"41\",basearch=\"x86_64\",stream=\"stable\",platform=\"qemu\"} 1")]
    [InlineData("zincati_identity_rollout_wariness 0.5")]
    [InlineData("zincati_cincinnati_update_checks_total 0")]
    [InlineData("zincati_cincinnati_update_checks_errors_total{kind=\"generic_http_500\"} 1")]
    [InlineData("zincati_cincinnati_booted_release_is_deadend 0")]
    [InlineData("zincati_cincinnati_ignored_update_targets 1")]
    [InlineData("zincati_cincinnati_graph_nodes_count 3")]
    [InlineData("zincati_cincinnati_graph_edges_count 2")]
    [InlineData("zincati_rpm_ostree_deploy_attempts_total 0")]
    [InlineData("zincati_rpm_ostree_deploy_failures_total 0")]
    [InlineData("zincati_rpm_ostree_finalize_attempts_total 0")]
    [InlineData("zincati_rpm_ostree_finalize_failures_total 0")]
    [InlineData("process_start_time_seconds ")]
    public async Task A_number_is_there(string line) => Assert.Contains("\n" + line, await FormatAsync());

    private static async Task<string> FormatAsync()
    {
        var counters = new AgentCounters { LastRefresh = DateTimeOffset.FromUnixTimeSeconds(7), Postponements = 2 };
        int asked = 0;
        using var server = new ScriptedServer(request => request.Path.EndsWith("steady-state", StringComparison.Ordinal) ? new ScriptedAnswer(200)
            : asked++ == 0 ? new ScriptedAnswer(466, Encoding.UTF8.GetBytes("""{"kind": "failure_foo", "value": "failed to perform foo"}""")) : new ScriptedAnswer(433));
        using var client = new FleetLockClient($"http://{server.Address}");
        var locks = new FleetLockStrategy(client, new FleetLockIdentity("host", "default"), counters);
        counters.CountVerdict(await locks.MayRebootAsync(CancellationToken.None));
        counters.CountVerdict(await locks.MayRebootAsync(CancellationToken.None));
        await locks.ReportSteadyAsync(CancellationToken.None);
        counters.CountVerdict(StrategyVerdict.Allowed);
        counters.CountVerdict(new StrategyVerdict(false, "no window is open"));
        counters.CountCheckError("generic_http_500");

        UpdateGraph graph = new([Node(1), Node(2), Node(3)], [new GraphEdge(0, 1), new GraphEdge(0, 2)]);
        UpdateDecision decision = graph.Decide("sha256:1", 0, DateTimeOffset.UnixEpoch, node => node.Version == "3");
        Assert.Equal("2", decision.Target!.Version);
        var config = new AgentConfig { Strategy = "periodic", Windows = [.. WeeklyWindow.Create(DayOfWeek.Monday, new TimeOnly(1, 0), 60), .. WeeklyWindow.Create(DayOfWeek.Monday, new TimeOnly(1, 0), 30)] };
        return AgentMetrics.Format(new AgentState(AgentStateKind.NoNewUpdate, DateTimeOffset.UnixEpoch), counters, config, 0.5, decision, graph, [("os_version", "41"), ("basearch", "x86_64"), ("stream", "stable"), ("platform", "qemu")]);

        static GraphNode Node(int version) => new($"{version}", version) { Payload = $"quay.io/os@sha256:{version}", Scheme = GraphNode.OciScheme };
    }
}
