// What an agent counts.
using Bootc.Updates.Strategies;

namespace Bootc.Updates.Agent;

/// <summary>Numbers that only grow, and a few that tell of the last moment; they outlive a change of settings.</summary>
public sealed class AgentCounters
{
    private readonly SortedDictionary<string, long> _checkErrors = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _verdicts = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _lockRequests = new(StringComparer.Ordinal);
    private readonly SortedDictionary<(string Api, string Kind), long> _lockErrors = [];

    /// <summary>When the agent did something last.</summary>
    public DateTimeOffset LastRefresh { get; set; }

    /// <summary>How often it looked for updates.</summary>
    public long Checks { get; set; }

    /// <summary>How often it tried to stage one.</summary>
    public long StageAttempts { get; set; }

    /// <summary>How often that failed.</summary>
    public long StageFailures { get; set; }

    /// <summary>How often it asked whether it may reboot.</summary>
    public long FinalizeAttempts { get; set; }

    /// <summary>How often a reboot that it may do failed.</summary>
    public long FinalizeFailures { get; set; }

    /// <summary>How often it rebooted the host.</summary>
    public long FinalizeSuccesses { get; set; }

    /// <summary>How often it put a reboot off for users who are logged in.</summary>
    public long Postponements { get; set; }

    /// <summary>How many users were logged in when it asked last.</summary>
    public long ActiveUsers { get; set; }

    /// <summary>How often looking for updates failed, by the kind of error.</summary>
    public IReadOnlyList<(string Kind, double Count)> CheckErrors
    {
        get
        {
            lock (_checkErrors)
            {
                return [.. _checkErrors.Select(pair => (pair.Key, (double)pair.Value))];
            }
        }
    }

    /// <summary>What the strategy answered, <c>allow</c>, <c>deny</c> or <c>error</c>, and how often.</summary>
    public IReadOnlyList<(string Response, double Count)> Verdicts
    {
        get
        {
            lock (_verdicts)
            {
                return [.. _verdicts.Select(pair => (pair.Key, (double)pair.Value))];
            }
        }
    }

    /// <summary>How often lock managers were asked, by what for: <c>pre-reboot</c> or <c>steady-state</c>.</summary>
    public IReadOnlyList<(string Api, double Count)> LockRequests
    {
        get
        {
            lock (_lockRequests)
            {
                return [.. _lockRequests.Select(pair => (pair.Key, (double)pair.Value))];
            }
        }
    }

    /// <summary>How often that failed, by what it was for and the kind of error.</summary>
    public IReadOnlyList<(string Api, string Kind, double Count)> LockErrors
    {
        get
        {
            lock (_lockRequests)
            {
                return [.. _lockErrors.Select(pair => (pair.Key.Api, pair.Key.Kind, (double)pair.Value))];
            }
        }
    }

    internal void CountCheckError(string kind)
    {
        lock (_checkErrors)
        {
            _checkErrors[kind] = _checkErrors.GetValueOrDefault(kind) + 1;
        }
    }

    internal void CountVerdict(StrategyVerdict verdict)
    {
        lock (_verdicts)
        {
            string response = verdict.IsAllowed ? "allow" : verdict.IsError ? "error" : "deny";
            _verdicts[response] = _verdicts.GetValueOrDefault(response) + 1;
        }
    }

    internal void CountLockRequest(string api)
    {
        lock (_lockRequests)
        {
            _lockRequests[api] = _lockRequests.GetValueOrDefault(api) + 1;
        }
    }

    internal void CountLockError(string api, string kind)
    {
        lock (_lockRequests)
        {
            _lockErrors[(api, kind)] = _lockErrors.GetValueOrDefault((api, kind)) + 1;
        }
    }
}
