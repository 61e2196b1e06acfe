// The file in which a lock manager of one machine keeps its semaphores.
namespace Bootc.Updates.FleetLock;

/// <summary>The file's content.</summary>
/// <param name="Schema">Always <see cref="CurrentSchema"/>.</param>
/// <param name="Groups">The semaphores by group.</param>
internal sealed record StoreDocument(string Schema, SortedDictionary<string, StoreDocument.Entry> Groups)
{
    public const string CurrentSchema = "bootc.fleet-lock/v1";

    /// <summary>A semaphore and how often it was changed.</summary>
    internal sealed record Entry(long Revision, RebootSemaphore Semaphore);
}
