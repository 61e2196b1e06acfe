// The parameters in the query of a URL.
using System.Net;

namespace Bootc.Updates.Http;

/// <summary>Reads queries; of a parameter that is there twice, the first counts.</summary>
internal static class QueryParameters
{
    /// <summary>Reads a query, with or without its question mark.</summary>
    public static IReadOnlyDictionary<string, string> Parse(string query)
    {
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string part in query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] pair = part.Split('=', 2);
            parameters.TryAdd(WebUtility.UrlDecode(pair[0]), pair.Length > 1 ? WebUtility.UrlDecode(pair[1]) : "");
        }

        return parameters;
    }

    /// <summary>Writes a query with its question mark.</summary>
    public static string Format(IEnumerable<(string Name, string? Value)> parameters) =>
        "?" + string.Join('&', parameters.Where(pair => pair.Value is not null).Select(pair => $"{Uri.EscapeDataString(pair.Name)}={Uri.EscapeDataString(pair.Value!)}"));
}
