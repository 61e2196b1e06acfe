// What a lock manager answers when it refuses.
using System.Text.Json.Serialization;

namespace Bootc.Updates.FleetLock;

/// <summary>An error object of the FleetLock protocol.</summary>
/// <param name="Kind">What kind of error it is, one of a few words.</param>
/// <param name="Value">What is wrong, for people.</param>
public sealed record FleetLockError(
    [property: JsonPropertyName("kind"), JsonRequired] string Kind,
    [property: JsonPropertyName("value"), JsonRequired] string Value);
