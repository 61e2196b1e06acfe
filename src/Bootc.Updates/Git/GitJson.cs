// Source-generated JSON of what is remembered and told of a repository.
using System.Text.Json.Serialization;

namespace Bootc.Updates.Git;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(GitState))]
[JsonSerializable(typeof(HostReport))]
internal sealed partial class GitJson : JsonSerializerContext;
