// Source-generated JSON of the FleetLock protocol, of semaphores, and of what this server tells of them.
using System.Text.Json.Serialization;

namespace Bootc.Updates.FleetLock;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(FleetLockRequest))]
[JsonSerializable(typeof(FleetLockError))]
[JsonSerializable(typeof(RebootSemaphore))]
[JsonSerializable(typeof(StoreDocument))]
[JsonSerializable(typeof(GroupReport[]))]
internal sealed partial class FleetLockJson : JsonSerializerContext;
