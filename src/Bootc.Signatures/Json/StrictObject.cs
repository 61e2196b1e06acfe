// Objects in JSON documents of which nothing may be overlooked: neither a key that is not known nor one that comes twice.
using System.Text.Json;

namespace Bootc.Signatures.Json;

/// <summary>
/// A JSON object that is read key by key. What was not asked for when it is <see cref="End"/>ed is an error: a key that is not
/// understood may be one that would have refused.
/// </summary>
internal sealed class StrictObject
{
    private const int MaximumDepth = 32;
    private readonly JsonElement _object;
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    public StrictObject(JsonElement element, string path)
    {
        Path = path;
        _object = element.ValueKind == JsonValueKind.Object ? element : throw new JsonFormatException($"{Show(path)} is no object");
    }

    /// <summary>Where the object is in the document; empty for the whole.</summary>
    public string Path { get; }

    /// <summary>Parses a document in which no key comes twice.</summary>
    /// <param name="json">The document.</param>
    /// <param name="depth">How deep objects and lists in it may be.</param>
    /// <exception cref="JsonFormatException">It is no JSON.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> json, int depth = MaximumDepth)
    {
        JsonDocument? document = null;
        try
        {
            document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = depth });
            RequireText(document.RootElement);
            return document;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            document?.Dispose();
            throw new JsonFormatException(e.Message, e);
        }
    }

    // Names and texts that are no Unicode would be found only by who reads them.
    private static void RequireText(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty property in value.EnumerateObject())
                {
                    _ = property.Name;
                    RequireText(property.Value);
                }

                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in value.EnumerateArray())
                {
                    RequireText(item);
                }

                break;
            case JsonValueKind.String:
                _ = value.GetString();
                break;
        }
    }

    /// <summary>The path of a key.</summary>
    public string PathOf(string key) => Path.Length == 0 ? key : $"{Path}.{key}";

    /// <summary>A value that may be missing.</summary>
    public JsonElement? TryGet(string key)
    {
        _known.Add(key);
        return _object.TryGetProperty(key, out JsonElement value) ? value : null;
    }

    /// <summary>A value that must be there.</summary>
    public JsonElement Get(string key) => TryGet(key) ?? throw new JsonFormatException($"'{PathOf(key)}' is missing");

    /// <summary>An object that must be there.</summary>
    public StrictObject GetObject(string key) => new(Get(key), PathOf(key));

    /// <summary>An object that may be missing.</summary>
    public StrictObject? TryGetObject(string key) => TryGet(key) is { } value ? new StrictObject(value, PathOf(key)) : null;

    /// <summary>A text that must be there.</summary>
    public string GetString(string key) => AsString(Get(key), PathOf(key));

    /// <summary>A text that may be missing.</summary>
    public string? TryGetString(string key) => TryGet(key) is { } value ? AsString(value, PathOf(key)) : null;

    /// <summary>Texts that may be missing, but not none.</summary>
    public string[]? TryGetStrings(string key)
    {
        if (TryGet(key) is not { } value)
        {
            return null;
        }

        string path = PathOf(key);
        return value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0
            ? [.. value.EnumerateArray().Select((item, i) => AsString(item, $"{path}[{i}]"))]
            : throw new JsonFormatException($"'{path}' is no list, or an empty one");
    }

    /// <summary>Bytes in base64 that must be there.</summary>
    public byte[] GetBytes(string key) => FromBase64(GetString(key), PathOf(key));

    /// <summary>A whole number that must be there.</summary>
    public long GetInteger(string key)
    {
        JsonElement value = Get(key);
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number)
            ? number
            : throw new JsonFormatException($"'{PathOf(key)}' is no whole number");
    }

    /// <summary>All keys and values, in the order of the document.</summary>
    public IEnumerable<(string Key, JsonElement Value)> All()
    {
        foreach (JsonProperty property in _object.EnumerateObject())
        {
            _known.Add(property.Name);
            yield return (property.Name, property.Value);
        }
    }

    /// <summary>Refuses what was not asked for.</summary>
    /// <exception cref="JsonFormatException">There is a key that is not known.</exception>
    public void End()
    {
        foreach (JsonProperty property in _object.EnumerateObject())
        {
            if (!_known.Contains(property.Name))
            {
                throw new JsonFormatException($"the key '{PathOf(property.Name)}' is not known");
            }
        }
    }

    /// <summary>Reads base64 as standards have it, with padding and without white space.</summary>
    public static byte[] FromBase64(string text, string path)
    {
        byte[] bytes = new byte[((text.Length + 3) / 4) * 3];
        return !text.AsSpan().ContainsAny(" \t\r\n") && Convert.TryFromBase64String(text, bytes, out int count)
            ? bytes[..count]
            : throw new JsonFormatException($"'{path}' is no base64");
    }

    /// <summary>Reads base64 that may be in several lines, as openssl and base64(1) print it; no other white space is accepted, as by Go.</summary>
    public static byte[] FromWrappedBase64(string text, string path) => FromBase64(text.Replace("\r", "").Replace("\n", ""), path);

    private static string AsString(JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw new JsonFormatException($"'{path}' is no text");

    private static string Show(string path) => path.Length == 0 ? "the document" : $"'{path}'";
}
