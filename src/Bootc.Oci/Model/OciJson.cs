// Source-generated JSON for the documents of images and registries.
using System.Text.Json;
using System.Text.Json.Serialization;
using Bootc.Oci.Registry;
using Bootc.Oci.Transports;

namespace Bootc.Oci.Model;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(DigestJsonConverter)],
    RespectNullableAnnotations = true,
    AllowDuplicateProperties = false)] // two readers could take different ones
[JsonSerializable(typeof(ImageManifest))]
[JsonSerializable(typeof(ImageIndex))]
[JsonSerializable(typeof(ArtifactManifest))]
[JsonSerializable(typeof(ImageConfig))]
[JsonSerializable(typeof(DockerArchiveEntry[]))]
[JsonSerializable(typeof(AuthDocument))]
[JsonSerializable(typeof(Dictionary<string, AuthEntry>))]
[JsonSerializable(typeof(CredentialHelper.HelperAnswer))]
[JsonSerializable(typeof(StorageImage[]))]
[JsonSerializable(typeof(StorageLayer[]))]
[JsonSerializable(typeof(StorageSignatureSizes))]
[JsonSerializable(typeof(TokenDocument))]
[JsonSerializable(typeof(RegistryErrors))]
internal sealed partial class OciJson : JsonSerializerContext;
