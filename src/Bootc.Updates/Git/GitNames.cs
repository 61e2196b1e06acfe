// Names that end up on a command line of git, in a URL or in a path: what is none is refused before it is used.
using System.Text.RegularExpressions;

namespace Bootc.Updates.Git;

/// <summary>Says what is wrong with names; <see langword="null"/> when nothing is.</summary>
internal static partial class GitNames
{
    /// <summary>The protocols that git may speak, as GIT_ALLOW_PROTOCOL has them.</summary>
    public const string Protocols = "https:http:ssh:git:file";

    /// <summary>A repository's URL.</summary>
    public static string? DescribeUrl(string text) => Url().IsMatch(text) || ShortSsh().IsMatch(text)
        ? null : $"is '{text}', not a repository at https://, ssh:// or file://, or USER@HOST:PATH";

    /// <summary>A branch.</summary>
    public static string? DescribeBranch(string text) =>
        Branch().IsMatch(text) && !text.Contains("..") && !text.Contains("//") && !text.Split('/').Any(part => part.StartsWith('.') || part.EndsWith('.') || part.EndsWith(".lock", StringComparison.Ordinal))
            ? null : $"is '{text}', not the name of a branch";

    /// <summary>A folder in a repository.</summary>
    public static string? DescribePath(string text)
    {
        string[] parts = text.Trim('/').Split('/');
        return text is "/" or "." || (text.Length <= 1024 && !text.Any(char.IsControl) && !text.StartsWith('/') && parts.All(part => part is not ("" or "." or "..") && part != ".git" && !part.StartsWith('-') && !part.StartsWith(':')))
            ? null : $"is '{text}', not a folder within the repository, as hosts/production";
    }

    /// <summary>A host.</summary>
    public static string? DescribeHost(string text) => Host().IsMatch(text) ? null : $"is '{text}', not a name of letters, digits, '.', '_' and '-'";

    /// <summary>Whether this is an object's name, in full.</summary>
    public static bool IsObject(string text) => Object().IsMatch(text);

    [GeneratedRegex(@"^((https?|ssh|git)://([A-Za-z0-9_%][A-Za-z0-9._~%!$&'()*+,;=:-]*@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9][A-Za-z0-9.-]*)(:[0-9]{1,5})?/[^\s\p{Cc}-][^\s\p{Cc}]*|file:///[^\s\p{Cc}]*)\z", RegexOptions.CultureInvariant)]
    private static partial Regex Url();

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9._-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[^\s\p{Cc}:-][^\s\p{Cc}]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex ShortSsh();

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9._/+-]{0,199}(?<!/)\z", RegexOptions.CultureInvariant)]
    private static partial Regex Branch();

    [GeneratedRegex(@"^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Host();

    [GeneratedRegex(@"^([0-9a-f]{40}|[0-9a-f]{64})\z", RegexOptions.CultureInvariant)]
    private static partial Regex Object();
}
