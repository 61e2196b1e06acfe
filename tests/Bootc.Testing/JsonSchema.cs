// Checks JSON documents against the schemas that other projects publish.
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Bootc.Testing;

/// <summary>
/// A JSON schema (2020-12), as far as the schemas that tests check go. A keyword that is not known is an error, so that a schema is
/// never half checked.
/// </summary>
public sealed class JsonSchema
{
    private static readonly HashSet<string> Annotations = ["$schema", "$defs", "title", "description", "default"];
    private readonly JsonElement _root;

    private JsonSchema(JsonElement root) => _root = root;

    /// <summary>Reads a schema.</summary>
    public static JsonSchema Load(string path) => new(JsonDocument.Parse(File.ReadAllBytes(path)).RootElement);

    /// <summary>What is wrong with a document, one line each: <c>/status/booted: ...</c>. Empty when it is valid.</summary>
    public IReadOnlyList<string> Check(string json)
    {
        var errors = new List<string>();
        using JsonDocument document = JsonDocument.Parse(json);
        Check(document.RootElement, _root, "", errors);
        return errors;
    }

    private void Check(JsonElement value, JsonElement schema, string path, List<string> errors)
    {
        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            Require(schema.ValueKind == JsonValueKind.True, "is not allowed here", path, errors);
            return;
        }

        foreach (JsonProperty keyword in schema.EnumerateObject())
        {
            Check(value, schema, keyword, path, errors);
        }
    }

    private void Check(JsonElement value, JsonElement schema, JsonProperty keyword, string path, List<string> errors)
    {
        JsonElement rule = keyword.Value;
        switch (keyword.Name)
        {
            case "$ref":
                Check(value, Resolve(rule.GetString()!), path, errors);
                break;
            case "type":
                string[] types = rule.ValueKind == JsonValueKind.Array ? [.. rule.EnumerateArray().Select(type => type.GetString()!)] : [rule.GetString()!];
                Require(types.Any(type => IsOfType(value, type)), $"is {value.ValueKind}, not {string.Join(" or ", types)}", path, errors);
                break;
            case "const":
                Require(JsonElement.DeepEquals(value, rule), $"is {value}, not {rule}", path, errors);
                break;
            case "enum":
                Require(rule.EnumerateArray().Any(allowed => JsonElement.DeepEquals(value, allowed)), $"is {value}, not one of {rule}", path, errors);
                break;
            case "anyOf":
                Require(CountMatches(value, rule, path) > 0, $"matches none of {rule.GetArrayLength()} schemas", path, errors);
                break;
            case "oneOf":
                int matches = CountMatches(value, rule, path);
                Require(matches == 1, $"matches {matches} of {rule.GetArrayLength()} schemas, not one", path, errors);
                break;
            case "minimum":
                Require(value.ValueKind != JsonValueKind.Number || value.GetDouble() >= rule.GetDouble(), $"is {value}, less than {rule}", path, errors);
                break;
            case "maximum":
                Require(value.ValueKind != JsonValueKind.Number || value.GetDouble() <= rule.GetDouble(), $"is {value}, more than {rule}", path, errors);
                break;
            case "minItems":
                Require(value.ValueKind != JsonValueKind.Array || value.GetArrayLength() >= rule.GetInt32(), $"has fewer than {rule} items", path, errors);
                break;
            case "pattern":
                Require(value.ValueKind != JsonValueKind.String || Regex.IsMatch(value.GetString()!, rule.GetString()!), $"is {value}, which is not as {rule}", path, errors);
                break;
            case "format":
                Require(HasFormat(value, rule.GetString()!), $"is {value}, no {rule}", path, errors);
                break;
            case "items":
                CheckItems(value, rule, path, errors);
                break;
            case "required":
                CheckRequired(value, rule, path, errors);
                break;
            case "properties":
                CheckProperties(value, rule, path, errors);
                break;
            case "additionalProperties":
                CheckAdditional(value, schema, rule, path, errors);
                break;
            default:
                if (!Annotations.Contains(keyword.Name))
                {
                    throw new NotSupportedException($"the schema uses '{keyword.Name}', which is not checked here");
                }

                break;
        }
    }

    private int CountMatches(JsonElement value, JsonElement schemas, string path) => schemas.EnumerateArray().Count(schema =>
    {
        var errors = new List<string>();
        Check(value, schema, path, errors);
        return errors.Count == 0;
    });

    private void CheckItems(JsonElement value, JsonElement schema, string path, List<string> errors)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            return;
        }

        foreach ((int index, JsonElement item) in value.EnumerateArray().Index())
        {
            Check(item, schema, $"{path}/{index}", errors);
        }
    }

    private static void CheckRequired(JsonElement value, JsonElement names, string path, List<string> errors)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        foreach (JsonElement name in names.EnumerateArray())
        {
            Require(value.TryGetProperty(name.GetString()!, out _), $"has no {name}", path, errors);
        }
    }

    private void CheckProperties(JsonElement value, JsonElement properties, string path, List<string> errors)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        foreach (JsonProperty property in properties.EnumerateObject())
        {
            if (value.TryGetProperty(property.Name, out JsonElement member))
            {
                Check(member, property.Value, $"{path}/{property.Name}", errors);
            }
        }
    }

    private void CheckAdditional(JsonElement value, JsonElement schema, JsonElement rule, string path, List<string> errors)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        foreach (JsonProperty member in value.EnumerateObject())
        {
            if (!schema.TryGetProperty("properties", out JsonElement properties) || !properties.TryGetProperty(member.Name, out _))
            {
                Check(member.Value, rule, $"{path}/{member.Name}", errors);
            }
        }
    }

    private JsonElement Resolve(string reference)
    {
        JsonElement found = _root;
        foreach (string step in reference.TrimStart('#').Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            found = found.GetProperty(step);
        }

        return found;
    }

    private static bool IsOfType(JsonElement value, string type) => type switch
    {
        "null" => value.ValueKind == JsonValueKind.Null,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "string" => value.ValueKind == JsonValueKind.String,
        "number" => value.ValueKind == JsonValueKind.Number,
        "integer" => value.ValueKind == JsonValueKind.Number && (value.TryGetInt64(out _) || value.TryGetUInt64(out _)),
        "array" => value.ValueKind == JsonValueKind.Array,
        "object" => value.ValueKind == JsonValueKind.Object,
        _ => throw new NotSupportedException($"the schema has the type '{type}'"),
    };

    private static bool HasFormat(JsonElement value, string format) => (value.ValueKind, format) switch
    {
        (JsonValueKind.Number, "uint8") => value.TryGetByte(out _),
        (JsonValueKind.Number, "uint16") => value.TryGetUInt16(out _),
        (JsonValueKind.Number, "uint32") => value.TryGetUInt32(out _),
        (JsonValueKind.Number, "uint64") => value.TryGetUInt64(out _),
        (JsonValueKind.Number, "int32") => value.TryGetInt32(out _),
        (JsonValueKind.Number, "int64") => value.TryGetInt64(out _),
        (JsonValueKind.String, "date-time") => DateTimeOffset.TryParse(value.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.None, out _) && value.GetString()!.Contains('T', StringComparison.Ordinal),
        (_, "uint8" or "uint16" or "uint32" or "uint64" or "int32" or "int64" or "date-time") => true,
        _ => throw new NotSupportedException($"the schema has the format '{format}'"),
    };

    private static void Require(bool condition, string what, string path, List<string> errors)
    {
        if (!condition)
        {
            errors.Add($"{(path.Length == 0 ? "/" : path)}: {what}");
        }
    }
}
