// Source-generated JSON of what is remembered and told of a repository.
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Bootc.Updates.Git;

[JsonSourceGenerationOptions(UseStringEnumConverter = true)]
[JsonSerializable(typeof(GitState))]
[JsonSerializable(typeof(HostReport))]
internal sealed partial class GitJson : JsonSerializerContext
{
    // People read it: versions and arguments are written as they are.
    public static GitJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
