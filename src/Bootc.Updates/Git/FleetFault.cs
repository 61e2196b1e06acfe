// What is wrong with a file of a repository.
using Bootc.Updates.Documents;

namespace Bootc.Updates.Git;

/// <summary>A fault in a file.</summary>
/// <param name="File">The file, by its path in the repository.</param>
/// <param name="Fault">What is wrong, and where in the file.</param>
public sealed record FleetFault(string File, DocumentFault Fault)
{
    /// <inheritdoc/>
    public override string ToString() => $"{File}:{Fault}";
}
