// Source-generated JSON for the document that describes a host.
using System.Text.Json.Serialization;

namespace Bootc.Deployments.Status;

/// <summary>Only to be written: nothing is known of the document's types at run time, since to find that out takes longer than to write it.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, GenerationMode = JsonSourceGenerationMode.Serialization)]
[JsonSerializable(typeof(Host))]
internal sealed partial class HostDocumentJson : JsonSerializerContext;
