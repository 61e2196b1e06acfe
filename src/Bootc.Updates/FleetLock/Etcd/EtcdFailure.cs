// Why etcd refuses.
namespace Bootc.Updates.FleetLock.Etcd;

/// <summary>Why etcd refused, by the code of gRPC.</summary>
internal sealed record EtcdFailure(string? Message, string? Error, int Code);
