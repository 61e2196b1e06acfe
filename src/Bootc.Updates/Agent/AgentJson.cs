// Source-generated JSON of the agent.
using System.Text.Json.Serialization;

namespace Bootc.Updates.Agent;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, PropertyNameCaseInsensitive = true, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AgentReport))]
[JsonSerializable(typeof(LoginSession[]))]
internal sealed partial class AgentJson : JsonSerializerContext;
