// Source-generated JSON of the Cincinnati protocol.
using System.Text.Json.Serialization;

namespace Bootc.Updates.Graph;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(CincinnatiDocument))]
[JsonSerializable(typeof(CincinnatiDocument.Failure))]
internal sealed partial class CincinnatiJson : JsonSerializerContext;
