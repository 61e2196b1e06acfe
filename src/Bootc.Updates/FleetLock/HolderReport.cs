// What a lock manager tells of a host that holds a lock.
namespace Bootc.Updates.FleetLock;

/// <summary>A host that holds a lock.</summary>
/// <param name="Id">Who it is.</param>
/// <param name="Since">Since when; not known when a lock manager of another make let it in.</param>
public sealed record HolderReport(string Id, DateTimeOffset? Since);
