// Source-generated JSON for the document.
using System.Text.Json.Serialization;

namespace Bootc.Deployments.Status;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(VerificationStatus))]
[JsonSerializable(typeof(ImageInspection))]
[JsonSerializable(typeof(string))]
internal sealed partial class HostJson : JsonSerializerContext;
