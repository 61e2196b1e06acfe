// The body of a request to a lock manager.
using System.Text.Json.Serialization;

namespace Bootc.Updates.FleetLock;

/// <summary>The body of every request of the FleetLock protocol.</summary>
internal sealed record FleetLockRequest([property: JsonPropertyName("client_params")] FleetLockIdentity? ClientParams);
