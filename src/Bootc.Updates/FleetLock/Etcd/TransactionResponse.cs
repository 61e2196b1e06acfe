// What came of a transaction of etcd.
namespace Bootc.Updates.FleetLock.Etcd;

/// <summary>Whether the comparisons held, and what the operations gave.</summary>
internal sealed record TransactionResponse(ResponseHeader? Header, bool Succeeded, ResponseOperation[]? Responses);
