// A JSON document as YAML.
using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Bootc.Cli.Presentation;

internal static class YamlWriter
{
    private const string RemoteVariant = "ostreeRemote";

    public static void Write(ReadOnlyMemory<byte> json, TextWriter output)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        var emitter = new Emitter(output);
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        Emit(document.RootElement, emitter);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
    }

    private static void Emit(JsonElement element, Emitter emitter)
    {
        switch (element.ValueKind)
        {
            // A variant with content: bootc's reader takes it by its tag alone.
            case JsonValueKind.Object when element.GetPropertyCount() == 1 && element.TryGetProperty(RemoteVariant, out JsonElement remote) && remote.ValueKind == JsonValueKind.String:
                emitter.Emit(new Scalar(null, "!" + RemoteVariant, remote.GetString()!, NeedsQuotes(remote.GetString()!) ? ScalarStyle.DoubleQuoted : ScalarStyle.Any, isPlainImplicit: false, isQuotedImplicit: false));
                break;
            case JsonValueKind.Object:
                emitter.Emit(new MappingStart(null, null, isImplicit: true, MappingStyle.Block));
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    emitter.Emit(new Scalar(property.Name));
                    Emit(property.Value, emitter);
                }

                emitter.Emit(new MappingEnd());
                break;
            case JsonValueKind.Array:
                emitter.Emit(new SequenceStart(null, null, isImplicit: true, element.GetArrayLength() == 0 ? SequenceStyle.Flow : SequenceStyle.Block));
                foreach (JsonElement item in element.EnumerateArray())
                {
                    Emit(item, emitter);
                }

                emitter.Emit(new SequenceEnd());
                break;
            case JsonValueKind.String:
                string text = element.GetString()!;
                emitter.Emit(new Scalar(null, null, text, NeedsQuotes(text) ? ScalarStyle.DoubleQuoted : ScalarStyle.Any, isPlainImplicit: true, isQuotedImplicit: true));
                break;
            default:
                emitter.Emit(new Scalar(element.GetRawText()));
                break;
        }
    }

    // Text that would be read as something else: numbers, true, null, dates.
    private static bool NeedsQuotes(string text) =>
        text.Length == 0
        || text is "null" or "~" or "true" or "false" or "yes" or "no" or "on" or "off" or "y" or "n"
        || char.IsAsciiDigit(text[0]) || text[0] is '-' or '+' or '.'
        || !string.Equals(text, text.Trim(), StringComparison.Ordinal);
}
