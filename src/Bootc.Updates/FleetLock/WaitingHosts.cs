// The hosts that were told to wait, and since when.
namespace Bootc.Updates.FleetLock;

/// <summary>
/// Hosts that asked this lock manager for a lock and did not get one. Nothing is queued: a host asks again when it likes, and is
/// forgotten when it has not asked for an hour.
/// </summary>
internal sealed class WaitingHosts(TimeProvider clock)
{
    private const int Maximum = 100_000;
    private static readonly TimeSpan Forgotten = TimeSpan.FromHours(1);
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (DateTimeOffset Since, DateTimeOffset LastAsked)> _hosts = new(StringComparer.Ordinal);

    /// <summary>A host was told to wait.</summary>
    public void Add(string id)
    {
        DateTimeOffset now = clock.GetUtcNow();
        lock (_lock)
        {
            if (_hosts.TryGetValue(id, out var host))
            {
                _hosts[id] = (now - host.LastAsked > Forgotten ? now : host.Since, now);
            }
            else if (_hosts.Count < Maximum)
            {
                _hosts[id] = (now, now);
            }
        }
    }

    /// <summary>A host waits no longer.</summary>
    public void Remove(string id)
    {
        lock (_lock)
        {
            _hosts.Remove(id);
        }
    }

    /// <summary>Those that wait, longest first.</summary>
    public IReadOnlyList<WaitingReport> List()
    {
        DateTimeOffset now = clock.GetUtcNow();
        lock (_lock)
        {
            foreach (string id in _hosts.Where(pair => now - pair.Value.LastAsked > Forgotten).Select(pair => pair.Key).ToList())
            {
                _hosts.Remove(id);
            }

            return [.. _hosts.Select(pair => new WaitingReport(pair.Key, pair.Value.Since, pair.Value.LastAsked)).OrderBy(host => host.Since).ThenBy(host => host.Id, StringComparer.Ordinal)];
        }
    }
}
