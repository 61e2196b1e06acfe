// Source-generated JSON for what this program prints itself.
using System.Text.Json.Serialization;

namespace Bootc.Cli.Presentation;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ProgressEvent))]
[JsonSerializable(typeof(ImageListEntry[]))]
[JsonSerializable(typeof(LintEntry[]))]
internal sealed partial class CliJson : JsonSerializerContext;
