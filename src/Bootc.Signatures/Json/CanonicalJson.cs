// JSON in the one form that signatures are made over (RFC 8785).
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Bootc.Signatures.Json;

/// <summary>
/// Writes JSON canonically: without white space, keys in the order of their UTF-16 code units. Numbers must be whole and small
/// enough to be exact, which all in Rekor's entries are.
/// </summary>
internal static class CanonicalJson
{
    private const long MaximumExact = 1L << 53;

    /// <exception cref="JsonFormatException">There is a number whose form is not known.</exception>
    public static byte[] Write(JsonElement value)
    {
        var text = new StringBuilder();
        Append(text, value);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void Append(StringBuilder text, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                string separator = "{";
                foreach (JsonProperty property in value.EnumerateObject().OrderBy(property => property.Name, StringComparer.Ordinal))
                {
                    text.Append(separator);
                    AppendString(text, property.Name);
                    text.Append(':');
                    Append(text, property.Value);
                    separator = ",";
                }

                text.Append(separator == "{" ? "{}" : "}");
                break;
            case JsonValueKind.Array:
                text.Append('[');
                foreach ((int i, JsonElement item) in value.EnumerateArray().Index())
                {
                    text.Append(i > 0 ? "," : "");
                    Append(text, item);
                }

                text.Append(']');
                break;
            case JsonValueKind.String:
                AppendString(text, value.GetString()!);
                break;
            case JsonValueKind.Number:
                text.Append(value.TryGetInt64(out long number) && number is >= -MaximumExact and <= MaximumExact
                    ? number.ToString(CultureInfo.InvariantCulture)
                    : throw new JsonFormatException($"the number {value.GetRawText()} is not whole, or too large"));
                break;
            default:
                text.Append(value.GetRawText()); // true, false, null
                break;
        }
    }

    private static void AppendString(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (char c in value)
        {
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        }

        text.Append('"');
    }
}
