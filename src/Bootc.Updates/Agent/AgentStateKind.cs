// The states of the update agent.
namespace Bootc.Updates.Agent;

/// <summary>The states of the update agent, which are those of zincati.</summary>
public enum AgentStateKind
{
    /// <summary>The agent has just begun.</summary>
    Start,

    /// <summary>The host is to be reported as well, so that others may reboot.</summary>
    Initialized,

    /// <summary>The host is well, and updates are about to be looked for.</summary>
    ReportedSteady,

    /// <summary>There was no update when the agent looked last.</summary>
    NoNewUpdate,

    /// <summary>There is an update, which is to be staged.</summary>
    UpdateAvailable,

    /// <summary>An update is staged; the host waits until it may reboot.</summary>
    UpdateStaged,

    /// <summary>The reboot was asked for.</summary>
    UpdateFinalized,

    /// <summary>The agent does nothing more.</summary>
    End,
}
