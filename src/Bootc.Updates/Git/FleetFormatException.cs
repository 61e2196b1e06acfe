// Documents of a repository that cannot be used.
namespace Bootc.Updates.Git;

/// <summary>Documents are malformed, or contradict one another.</summary>
/// <param name="faults">What is wrong with them.</param>
public sealed class FleetFormatException(IReadOnlyList<FleetFault> faults)
    : UpdatesException($"{faults[0]}{(faults.Count > 1 ? $" (and {faults.Count - 1} more; 'bootc gitops validate' shows all)" : "")}")
{
    /// <summary>What is wrong.</summary>
    public IReadOnlyList<FleetFault> Faults { get; } = faults;
}
