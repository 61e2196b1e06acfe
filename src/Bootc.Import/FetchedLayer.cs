// A layer on its way from the registry into a repository.
using Bootc.Ostree.Objects;

namespace Bootc.Import;

/// <summary>A layer that was written.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Checksum">The checksum of its commit.</param>
/// <param name="Commit">Its commit.</param>
/// <param name="Published">Ends when the commit is visible, with all that it needs.</param>
/// <param name="HasRef">Whether it has its ref then.</param>
internal sealed record FetchedLayer(LayerState Layer, Checksum Checksum, Commit Commit, Task Published, bool HasRef)
{
    /// <summary>Whether the repository gives its directories before it is visible.</summary>
    public bool IsRemembered { get; init; }

    /// <summary>Ends when the layer is known to be what it should be, or fails.</summary>
    public Task Verified { get; init; } = Task.CompletedTask;
}
