// What came of one operation of a transaction of etcd.
namespace Bootc.Updates.FleetLock.Etcd;

/// <summary>What one of a transaction's operations gave.</summary>
internal sealed record ResponseOperation(RangeResponse? ResponseRange);
