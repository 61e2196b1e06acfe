// The numbers of a lock manager, for Prometheus.
using System.Collections.Concurrent;
using Bootc.Updates.Http;

namespace Bootc.Updates.FleetLock;

/// <summary>Counts what a lock manager does. The names that airlock has are airlock's, so that its dashboards work.</summary>
internal sealed class LockMetrics(IReadOnlyDictionary<string, ulong> groups)
{
    public const string ContentType = PrometheusText.ContentType;

    private static readonly string[] Endpoints = ["pre_reboot", "steady_state", "force_unlock"];
    private readonly ConcurrentDictionary<string, long> _requests = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Endpoint, string Kind), long> _refusals = new();

    public void CountRequest(string endpoint) => _requests.AddOrUpdate(endpoint, 1, static (_, count) => count + 1);

    public void CountRefusal(string endpoint, string kind) => _refusals.AddOrUpdate((endpoint, kind), 1, static (_, count) => count + 1);

    public string Format(IReadOnlyList<GroupReport> reports, DateTimeOffset now)
    {
        var text = new PrometheusText();
        text.Begin("airlock_config_groups", "gauge", "Groups that are configured.").Add(groups.Count);
        text.Begin("airlock_config_semaphore_slots", "gauge", "Slots that are configured, by group.").AddAll("group", groups.OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => (group.Key, (double)group.Value)));
        text.Begin("airlock_database_semaphore_lock_holders", "gauge", "Hosts that hold a lock, by group.").AddAll("group", reports.Select(report => (report.Group, (double)report.Holders.Count)));
        text.Begin("airlock_database_semaphore_slots", "gauge", "Slots in the store, by group.").AddAll("group", reports.Select(report => (report.Group, (double)report.TotalSlots)));
        text.Begin("bootc_fleet_lock_oldest_holder_seconds", "gauge", "How long the host that holds a lock longest does, by group.").AddAll("group", reports.Select(report => (report.Group, Longest(report.Holders.Select(holder => holder.Since), now))));
        text.Begin("bootc_fleet_lock_waiting_hosts", "gauge", "Hosts that this server told to wait, by group.").AddAll("group", reports.Select(report => (report.Group, (double)report.Waiting.Count)));
        text.Begin("bootc_fleet_lock_longest_wait_seconds", "gauge", "How long the host that waits longest does, by group.").AddAll("group", reports.Select(report => (report.Group, Longest(report.Waiting.Select(host => (DateTimeOffset?)host.Since), now))));
        foreach (string endpoint in Endpoints)
        {
            string prefix = endpoint == "force_unlock" ? "bootc_fleet_lock" : "airlock";
            text.Begin($"{prefix}_v1_{endpoint}_incoming_requests_total", "counter", $"Requests to /v1/{endpoint.Replace('_', '-')}.").Add(_requests.GetValueOrDefault(endpoint));
        }

        text.Begin("bootc_fleet_lock_refusals_total", "counter", "Requests that were refused, by endpoint and kind of error.");
        foreach (((string endpoint, string kind), long count) in _refusals.OrderBy(pair => pair.Key))
        {
            text.Add(count, ("endpoint", endpoint), ("kind", kind));
        }

        return text.ToString();
    }

    private static double Longest(IEnumerable<DateTimeOffset?> starts, DateTimeOffset now) => starts.Select(start => start is { } since ? (now - since).TotalSeconds : 0).Append(0).Max();
}
