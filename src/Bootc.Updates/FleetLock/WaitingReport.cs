// What a lock manager tells of a host that waits for a lock.
namespace Bootc.Updates.FleetLock;

/// <summary>A host that waits for a lock.</summary>
/// <param name="Id">Who it is.</param>
/// <param name="Since">When it asked first.</param>
/// <param name="LastAsked">When it asked last.</param>
public sealed record WaitingReport(string Id, DateTimeOffset Since, DateTimeOffset LastAsked);
