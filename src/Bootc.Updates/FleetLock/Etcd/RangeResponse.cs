// What etcd found.
namespace Bootc.Updates.FleetLock.Etcd;

/// <summary>The keys that were found.</summary>
internal sealed record RangeResponse(ResponseHeader? Header, KeyValue[]? Kvs);
