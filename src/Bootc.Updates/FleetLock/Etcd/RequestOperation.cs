// What a transaction of etcd does.
namespace Bootc.Updates.FleetLock.Etcd;

/// <summary>One of a transaction's operations.</summary>
internal sealed record RequestOperation
{
    public PutRequest? RequestPut { get; init; }

    public RangeRequest? RequestRange { get; init; }
}
