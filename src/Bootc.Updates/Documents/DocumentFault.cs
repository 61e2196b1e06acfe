// What is wrong with a document of a graph.
namespace Bootc.Updates.Documents;

/// <summary>A fault of a document.</summary>
/// <param name="Line">The line, from 1.</param>
/// <param name="Column">The column, from 1.</param>
/// <param name="IsError">Whether the document cannot be used; otherwise it can, but is hardly what was meant.</param>
/// <param name="Message">What is wrong.</param>
public sealed record DocumentFault(long Line, long Column, bool IsError, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Line}:{Column}: {(IsError ? "error" : "warning")}: {Message}";
}
