// What etcd says of its store with each answer.
namespace Bootc.Updates.FleetLock.Etcd;

/// <summary>Of the whole store: its revision, which grows with every change.</summary>
internal sealed record ResponseHeader(long Revision);
