// Messages of protocol buffers in their JSON form (protobuf.dev, "ProtoJSON Format").
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Bootc.Signatures.Json;

/// <summary>
/// A message that is read field by field. What is missing or null has the default of its type, as the format has it; a field that
/// is not known is an error, and so is one under both of its names.
/// </summary>
internal sealed partial class ProtoObject(JsonElement element, string path)
{
    private const int MaximumItems = 1024;
    private readonly StrictObject _fields = new(element, path);

    /// <summary>The path of a field, for messages.</summary>
    public string PathOf(string field) => _fields.PathOf(field);

    /// <summary>A message that may be missing.</summary>
    public ProtoObject? TryGetMessage(string field) => TryGet(field) is { } value ? new ProtoObject(value, PathOf(field)) : null;

    /// <summary>A message that must be there.</summary>
    public ProtoObject GetMessage(string field) => TryGetMessage(field) ?? throw Missing(field);

    /// <summary>All messages of a repeated field.</summary>
    public IReadOnlyList<ProtoObject> GetMessages(string field) => [.. GetItems(field).Select((item, i) => new ProtoObject(item, $"{PathOf(field)}[{i}]"))];

    /// <summary>All texts of a repeated field, which hold bytes.</summary>
    public IReadOnlyList<byte[]> GetBytesList(string field) => [.. GetItems(field).Select((item, i) => FromBase64(AsString(item, $"{PathOf(field)}[{i}]"), $"{PathOf(field)}[{i}]"))];

    /// <summary>A text; empty where it is missing.</summary>
    public string GetString(string field) => TryGet(field) is { } value ? AsString(value, PathOf(field)) : "";

    /// <summary>Bytes; none where they are missing.</summary>
    public byte[] GetBytes(string field) => FromBase64(GetString(field), PathOf(field));

    /// <summary>Bytes that must be there.</summary>
    public byte[] RequireBytes(string field) => GetBytes(field) is { Length: > 0 } bytes ? bytes : throw Missing(field);

    /// <summary>A whole number of 64 bits, which JSON has as text; 0 where it is missing.</summary>
    public long GetInteger(string field) => TryGet(field) switch
    {
        null => 0,
        { ValueKind: JsonValueKind.Number } number when number.TryGetInt64(out long value) => value,
        { ValueKind: JsonValueKind.String } text when WholeNumber().IsMatch(text.GetString()!) && long.TryParse(text.GetString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) => value,
        _ => throw new JsonFormatException($"'{PathOf(field)}' is no whole number"),
    };

    /// <summary>The name of an enumeration's value; the first one where it is missing, the number where it has no name.</summary>
    /// <param name="field">The field.</param>
    /// <param name="names">The names of the values, by their numbers.</param>
    public string GetEnum(string field, IReadOnlyList<string> names) => TryGet(field) switch
    {
        null => names[0],
        { ValueKind: JsonValueKind.String } text => text.GetString()!,
        { ValueKind: JsonValueKind.Number } number when number.TryGetInt32(out int value) => value >= 0 && value < names.Count ? names[value] : value.ToString(CultureInfo.InvariantCulture),
        _ => throw new JsonFormatException($"'{PathOf(field)}' is no value of an enumeration"),
    };

    /// <summary>A time that may be missing (RFC 3339).</summary>
    public DateTimeOffset? TryGetTime(string field)
    {
        if (TryGet(field) is not { } value)
        {
            return null;
        }

        string text = AsString(value, PathOf(field));
        return Rfc3339().IsMatch(text) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out DateTimeOffset time)
            ? time
            : throw new JsonFormatException($"'{PathOf(field)}' is no time");
    }

    /// <summary>Refuses what was not asked for.</summary>
    /// <exception cref="JsonFormatException">There is a field that is not known.</exception>
    public void End() => _fields.End();

    // The name in JSON, or the one in the message's definition.
    private JsonElement? TryGet(string field)
    {
        string original = UpperCase().Replace(field, match => $"_{match.Value.ToLowerInvariant()}");
        JsonElement? value = _fields.TryGet(field);
        if (original != field && _fields.TryGet(original) is { } other)
        {
            value = value is null ? other : throw new JsonFormatException($"'{PathOf(field)}' comes twice");
        }

        return value is { ValueKind: JsonValueKind.Null } ? null : value;
    }

    private IEnumerable<JsonElement> GetItems(string field) => TryGet(field) switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } list when list.GetArrayLength() <= MaximumItems => list.EnumerateArray(),
        { ValueKind: JsonValueKind.Array } list => throw new JsonFormatException($"'{PathOf(field)}' has {list.GetArrayLength()} items, more than {MaximumItems}"),
        _ => throw new JsonFormatException($"'{PathOf(field)}' is no list"),
    };

    // Of either alphabet, with padding or without, but in one way only: no bits that say nothing.
    private static byte[] FromBase64(string text, string path)
    {
        string digits = text.TrimEnd('=').Replace('-', '+').Replace('_', '/');
        string padded = digits.PadRight((digits.Length + 3) / 4 * 4, '=');
        byte[] bytes = StrictObject.FromBase64(padded, path);
        return text.Length - text.TrimEnd('=').Length is var padding && (padding == 0 || padded.Length == text.Length) && Convert.ToBase64String(bytes) == padded
            ? bytes
            : throw new JsonFormatException($"'{path}' is no base64");
    }

    private static string AsString(JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw new JsonFormatException($"'{path}' is no text");

    private JsonFormatException Missing(string field) => new($"'{PathOf(field)}' is missing");

    [GeneratedRegex("[A-Z]")]
    private static partial Regex UpperCase();

    [GeneratedRegex(@"\A-?(0|[1-9][0-9]{0,18})\z")]
    private static partial Regex WholeNumber();

    [GeneratedRegex(@"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})\z")]
    private static partial Regex Rfc3339();
}
