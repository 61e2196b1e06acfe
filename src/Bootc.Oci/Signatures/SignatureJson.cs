// Source-generated JSON for signatures in files.
using System.Text.Json.Serialization;

namespace Bootc.Oci.Signatures;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, AllowDuplicateProperties = false, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(SigstoreFile))]
internal sealed partial class SignatureJson : JsonSerializerContext;
