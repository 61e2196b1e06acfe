// Source-generated JSON of installations.
using System.Text.Json.Serialization;

namespace Bootc.Install;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Aleph))]
[JsonSerializable(typeof(InstallConfigDocument))]
[JsonSerializable(typeof(PartitionTableDocument))]
internal sealed partial class InstallJson : JsonSerializerContext;
