// How an operation ended.
namespace Bootc.Deployments;

/// <summary>What an operation changed.</summary>
public enum OperationOutcome
{
    /// <summary>Nothing had to be done.</summary>
    Unchanged,

    /// <summary>The next boot is another one.</summary>
    Changed,

    /// <summary>Something was fetched or found, and the next boot is the same.</summary>
    Prepared,
}
