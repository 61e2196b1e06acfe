// A key of etcd.
namespace Bootc.Updates.FleetLock.Etcd;

/// <summary>A key, its value, and the revision at which it was changed last.</summary>
internal sealed record KeyValue(byte[]? Value, long ModRevision);
