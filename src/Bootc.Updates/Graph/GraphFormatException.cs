// A document of a graph that cannot be used.
using Bootc.Updates.Documents;

namespace Bootc.Updates.Graph;

/// <summary>A document is no graph.</summary>
/// <param name="path">Its path, for messages.</param>
/// <param name="faults">What is wrong with it.</param>
public sealed class GraphFormatException(string path, IReadOnlyList<DocumentFault> faults)
    : UpdatesException($"{path}:{faults.First(fault => fault.IsError)}{(faults.Count(fault => fault.IsError) is > 1 and var count ? $" (and {count - 1} more; 'bootc graph lint' shows all)" : "")}")
{
    /// <summary>What is wrong.</summary>
    public IReadOnlyList<DocumentFault> Faults { get; } = faults;
}
