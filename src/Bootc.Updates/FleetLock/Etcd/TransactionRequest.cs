// Changes etcd if it is as it was.
namespace Bootc.Updates.FleetLock.Etcd;

/// <summary>If all comparisons hold, the first operations, otherwise the second ones, as one.</summary>
internal sealed record TransactionRequest(Comparison[] Compare, RequestOperation[] Success, RequestOperation[] Failure);
