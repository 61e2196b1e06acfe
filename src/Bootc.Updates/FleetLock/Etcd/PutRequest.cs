// Sets a key of etcd.
namespace Bootc.Updates.FleetLock.Etcd;

/// <summary>Sets a key.</summary>
internal sealed record PutRequest(byte[] Key, byte[] Value);
