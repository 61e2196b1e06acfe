// What the update agent does to its host.
using Bootc.Updates.Graph;

namespace Bootc.Updates.Agent;

/// <summary>The host on which the agent works. Everything that touches it is here; when it is done is the agent's affair.</summary>
public interface IAgentHost
{
    /// <summary>What the graph says that the host does.</summary>
    /// <exception cref="Exception">The graph cannot be had, for whatever reason: the agent says so and looks again later.</exception>
    Task<UpdateDecision> DecideAsync(CancellationToken cancellation);

    /// <summary>Fetches and stages a release, so that it boots when it is released, and not before.</summary>
    /// <exception cref="ReleaseOutdatedException">It is not what the host goes to any more: the agent looks again.</exception>
    /// <exception cref="Exception">It cannot be staged, for whatever reason: the agent tries again.</exception>
    Task StageAsync(GraphNode release, CancellationToken cancellation);

    /// <summary>Releases what is staged, and reboots.</summary>
    /// <exception cref="Exception">It cannot be, for whatever reason: the agent tries again.</exception>
    Task RebootAsync(GraphNode release, CancellationToken cancellation);

    /// <summary>How many users are logged in on a terminal.</summary>
    int CountInteractiveSessions();

    /// <summary>Writes to the terminals of the users who are logged in.</summary>
    void Warn(string message);
}
