// Where a graph of updates comes from.
using Bootc.Updates.Graph;

namespace Bootc.Updates.Agent;

/// <summary>Gives the graph of updates that a host follows.</summary>
public interface IGraphSource : IDisposable
{
    /// <summary>Where it comes from, for people.</summary>
    string Description { get; }

    /// <summary>Fetches the graph for a host.</summary>
    /// <exception cref="UpdatesException">It cannot be had, or is none.</exception>
    Task<UpdateGraph> FetchAsync(HostRelease host, CancellationToken cancellation);
}
