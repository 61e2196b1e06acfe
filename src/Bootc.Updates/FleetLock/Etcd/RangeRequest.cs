// Asks etcd for one key.
namespace Bootc.Updates.FleetLock.Etcd;

/// <summary>Asks for one key. Keys and values are bytes, Base64 in JSON; whole numbers are strings there.</summary>
internal sealed record RangeRequest(byte[] Key);
