// The state of the update agent.
using Bootc.Updates.Graph;

namespace Bootc.Updates.Agent;

/// <summary>Where the update agent stands.</summary>
/// <param name="Kind">The state.</param>
/// <param name="Since">Since when.</param>
public sealed record AgentState(AgentStateKind Kind, DateTimeOffset Since)
{
    /// <summary>The release that the host is about to go to.</summary>
    public GraphNode? Target { get; init; }

    /// <summary>How often in a row the release could not be staged.</summary>
    public int FailedAttempts { get; init; }

    /// <summary>How often the reboot will still be put off for users who are logged in.</summary>
    public int PostponementsLeft { get; init; }

    /// <summary>What the agent does or waits for, in one line.</summary>
    public string Status { get; init; } = "";
}
