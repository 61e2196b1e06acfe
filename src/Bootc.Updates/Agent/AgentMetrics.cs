// The numbers of the agent, for Prometheus.
using System.Diagnostics;
using Bootc.Updates.Graph;
using Bootc.Updates.Http;
using Bootc.Updates.Windows;

namespace Bootc.Updates.Agent;

/// <summary>Writes what an agent counts. The names that zincati has are zincati's, so that its dashboards work.</summary>
internal static class AgentMetrics
{
    private static readonly long Started = new DateTimeOffset(Process.GetCurrentProcess().StartTime).ToUnixTimeSeconds();

    public static string Format(AgentState state, AgentCounters counters, AgentConfig config, double wariness, UpdateDecision? decision, UpdateGraph? graph, (string Name, string Value)[] os)
    {
        var text = new PrometheusText();
        text.Begin("zincati_update_agent_updates_enabled", "gauge", "Whether updates are enabled.").Add(config.IsEnabled ? 1 : 0);
        text.Begin("zincati_update_agent_updates_allow_downgrade", "gauge", "Whether updates to older releases are allowed.").Add(config.AllowDowngrade ? 1 : 0);
        text.Begin("zincati_update_agent_latest_state_change_timestamp", "gauge", "When the agent changed its state, in seconds since 1970.").Add(state.Since.ToUnixTimeSeconds());
        text.Begin("zincati_update_agent_last_refresh_timestamp", "gauge", "When the agent did something last, in seconds since 1970.").Add(counters.LastRefresh.ToUnixTimeSeconds());
        text.Begin("zincati_update_agent_finalization_attempts", "counter", "How often the agent asked whether it may reboot.").Add(counters.FinalizeAttempts);
        text.Begin("zincati_update_agent_finalization_successes", "counter", "How often the agent rebooted the host.").Add(counters.FinalizeSuccesses);
        text.Begin("zincati_update_agent_finalization_detected_active_users", "gauge", "Users who were logged in when the agent asked last.").Add(counters.ActiveUsers);
        text.Begin("zincati_update_agent_postponed_finalizations_total", "counter", "How often a reboot was put off for users who are logged in.").Add(counters.Postponements);
        text.Begin("zincati_update_agent_finalization_blocked_count", "counter", "How often a reboot was put off for something else than the strategy.").Add(counters.Postponements, ("reason", "active_usersessions"));
        text.Begin("zincati_updates_strategy_mode", "gauge", "The strategy that is used.").Add(1, ("strategy", config.Strategy));
        text.Begin("zincati_updates_strategy_can_finalize_responses", "counter", "What the strategy answered.").AddAll("response", counters.Verdicts);
        if (config.Strategy == "periodic")
        {
            text.Begin("zincati_updates_strategy_periodic_schedule_length_minutes", "gauge", "How many minutes of a week windows are open.").Add(WeeklyCalendar.CountMinutes(config.Windows));
        }

        text.Begin("zincati_strategy_fleet_lock_requests_total", "counter", "How often the lock manager was asked.").AddAll("api", counters.LockRequests);
        text.Begin("zincati_strategy_fleet_lock_errors_total", "counter", "How often that failed.");
        foreach ((string api, string kind, double count) in counters.LockErrors)
        {
            text.Add(count, ("api", api), ("kind", kind));
        }

        text.Begin("zincati_identity_os_info", "gauge", "What the host runs.").Add(1, os);
        text.Begin("zincati_identity_rollout_wariness", "gauge", "The host's wariness of rollouts, 0 to 1.").Add(wariness);
        text.Begin("zincati_cincinnati_update_checks_total", "counter", "How often the agent looked for updates.").Add(counters.Checks);
        text.Begin("zincati_cincinnati_update_checks_errors_total", "counter", "How often that failed.").AddAll("kind", counters.CheckErrors);
        text.Begin("zincati_cincinnati_booted_release_is_deadend", "gauge", "Whether no update leads away from what the host runs.").Add(decision?.Kind == UpdateDecisionKind.DeadEnd ? 1 : 0);
        text.Begin("zincati_cincinnati_graph_nodes_count", "gauge", "Releases in the graph.").Add(graph?.Nodes.Count ?? 0);
        text.Begin("zincati_cincinnati_graph_edges_count", "gauge", "Ways in the graph.").Add(graph?.Edges.Count ?? 0);
        text.Begin("zincati_cincinnati_ignored_update_targets", "gauge", "Releases that the graph leads to, and the host had and left.").Add(decision?.IgnoredTargets ?? 0);
        text.Begin("zincati_rpm_ostree_deploy_attempts_total", "counter", "How often an update was tried to be staged.").Add(counters.StageAttempts);
        text.Begin("zincati_rpm_ostree_deploy_failures_total", "counter", "How often that failed.").Add(counters.StageFailures);
        text.Begin("zincati_rpm_ostree_finalize_attempts_total", "counter", "How often a staged update was tried to be booted.").Add(counters.FinalizeSuccesses + counters.FinalizeFailures);
        text.Begin("zincati_rpm_ostree_finalize_failures_total", "counter", "How often that failed.").Add(counters.FinalizeFailures);
        text.Begin("process_start_time_seconds", "gauge", "When the agent was started, in seconds since 1970.").Add(Started);
        text.Begin("bootc_update_agent_state", "gauge", "The state of the agent: 1 for the one in which it is.")
            .AddAll("state", Enum.GetValues<AgentStateKind>().Select(kind => (kind.ToString(), kind == state.Kind ? 1.0 : 0)));
        return text.ToString();
    }
}
