// The challenges by which a registry asks for credentials.
namespace Bootc.Oci.Registry;

/// <summary>A challenge of WWW-Authenticate (RFC 9110, section 11): a scheme and its parameters.</summary>
internal sealed record Challenge(string Scheme, IReadOnlyDictionary<string, string> Parameters)
{
    /// <summary>Reads the parameters of a challenge: <c>realm="…",service="…",scope="…"</c>.</summary>
    public static Challenge Parse(string scheme, string? parameters)
    {
        var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        ReadOnlySpan<char> rest = parameters;
        while (true)
        {
            rest = rest.TrimStart(" ,\t");
            int equals = rest.IndexOf('=');
            if (equals <= 0)
            {
                return new Challenge(scheme, values);
            }

            string key = rest[..equals].Trim().ToString();
            rest = rest[(equals + 1)..].TrimStart();
            values[key] = rest is ['"', ..] ? TakeQuoted(ref rest) : TakeToken(ref rest);
        }
    }

    private static string TakeQuoted(ref ReadOnlySpan<char> rest)
    {
        var value = new System.Text.StringBuilder();
        int i = 1;
        for (; i < rest.Length && rest[i] != '"'; i++)
        {
            i += rest[i] == '\\' && i + 1 < rest.Length ? 1 : 0;
            value.Append(rest[i]);
        }

        rest = rest[Math.Min(i + 1, rest.Length)..];
        return value.ToString();
    }

    private static string TakeToken(ref ReadOnlySpan<char> rest)
    {
        int end = rest.IndexOf(',');
        string value = (end < 0 ? rest : rest[..end]).Trim().ToString();
        rest = end < 0 ? [] : rest[end..];
        return value;
    }
}
