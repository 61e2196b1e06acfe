// What a check of an image found.
namespace Bootc.Deployments.Lint;

/// <summary>Something in an image that should be otherwise.</summary>
/// <param name="Message">What it is, without a full stop.</param>
/// <param name="Items">The paths, accounts or rules that it is about, in order; none where the message says all.</param>
public sealed record LintFinding(string Message, IReadOnlyList<string> Items)
{
    /// <summary>A finding whose message says all.</summary>
    public LintFinding(string message)
        : this(message, [])
    {
    }
}
