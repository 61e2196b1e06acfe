// URLs in which a host's properties are filled in, as ${group}.
using System.Text.RegularExpressions;

namespace Bootc.Updates.Agent;

/// <summary>Fills variables in URLs: <c>${basearch}</c>, <c>${group}</c>, <c>${platform}</c>, <c>${stream}</c>.</summary>
public static partial class UrlTemplate
{
    /// <summary>Fills the variables in.</summary>
    /// <exception cref="UpdatesException">A variable is not known.</exception>
    public static string Expand(string template, IReadOnlyDictionary<string, string> variables) => Variable().Replace(
        template,
        match => variables.TryGetValue(match.Groups["name"].Value, out string? value)
            ? value
            : throw new UpdatesException($"'{template}' has the variable {match.Value}, which is not known; there are {string.Join(", ", variables.Keys.Order(StringComparer.Ordinal).Select(name => $"${{{name}}}"))}"));

    [GeneratedRegex("\\$\\{(?<name>[^}]*)\\}", RegexOptions.CultureInvariant)]
    private static partial Regex Variable();
}
