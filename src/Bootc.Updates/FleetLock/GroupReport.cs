// What a lock manager tells of a group.
using System.Text.Json;

namespace Bootc.Updates.FleetLock;

/// <summary>A group as a lock manager sees it.</summary>
/// <param name="Group">Its name.</param>
/// <param name="TotalSlots">How many of its hosts may hold the lock at a time.</param>
/// <param name="Holders">Those that do.</param>
/// <param name="Waiting">Those that this lock manager told to wait, longest first.</param>
public sealed record GroupReport(string Group, ulong TotalSlots, IReadOnlyList<HolderReport> Holders, IReadOnlyList<WaitingReport> Waiting)
{
    /// <summary>Groups as JSON in UTF-8, as <c>/v1/groups</c> has them.</summary>
    public static byte[] ToJson(IReadOnlyList<GroupReport> groups) => JsonSerializer.SerializeToUtf8Bytes([.. groups], FleetLockJson.Default.GroupReportArray);

    /// <summary>Tells of a semaphore.</summary>
    internal static GroupReport Of(string group, RebootSemaphore semaphore, IReadOnlyList<WaitingReport> waiting) =>
        new(group, semaphore.TotalSlots, [.. semaphore.Holders.Select(id => new HolderReport(id, semaphore.HeldSince(id)))], waiting);
}
