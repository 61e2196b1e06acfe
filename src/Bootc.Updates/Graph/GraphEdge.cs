// A way from one release to another.
namespace Bootc.Updates.Graph;

/// <summary>A way that updates may go.</summary>
/// <param name="From">The index of the release that is left.</param>
/// <param name="To">The index of the release that is gone to.</param>
public readonly record struct GraphEdge(int From, int To);
