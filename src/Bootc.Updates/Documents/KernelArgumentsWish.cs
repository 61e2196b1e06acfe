// Which kernel arguments a document wants on a host.
namespace Bootc.Updates.Documents;

/// <summary>Words of the kernel command line that a host has, and words that it has not; of all others nothing is said.</summary>
/// <param name="Present">Words that are there, each <c>KEY</c> or <c>KEY=VALUE</c>.</param>
/// <param name="Absent">Words that are not there: <c>KEY=VALUE</c>, or <c>KEY</c> for all words of that key.</param>
public sealed record KernelArgumentsWish(IReadOnlyList<string> Present, IReadOnlyList<string> Absent)
{
    /// <summary>A wish for nothing.</summary>
    public static KernelArgumentsWish None { get; } = new([], []);

    /// <summary>Whether a word that is not wanted means a word of the command line.</summary>
    internal static bool Means(string unwanted, string word) => unwanted == word || (!unwanted.Contains('=') && word.StartsWith(unwanted + "=", StringComparison.Ordinal));
}
