// What etcd does without lock managers: the same changes of a semaphore, by as many clients as there would be lock managers.
using System.Diagnostics;
using Bootc.Updates.FleetLock;
using Bootc.Updates.FleetLock.Etcd;

namespace Bootc.Fleet.Bench;

/// <summary>Locks and releases a semaphore by transactions.</summary>
internal static class EtcdAlone
{
    private const string Group = "alone";

    public static async Task<TransactionRate> RunAsync(Uri etcd, int hosts, int clients, int slots)
    {
        int next = 0;
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(async () =>
        {
            await using var store = new EtcdSemaphoreStore([etcd]);
            while (Interlocked.Increment(ref next) is var number && number <= hosts)
            {
                string id = Guid.NewGuid().ToString("N");
                await ChangeAsync(store, semaphore => (semaphore ?? new RebootSemaphore { TotalSlots = (ulong)slots }).WithHolder(id, DateTimeOffset.UtcNow));
                await ChangeAsync(store, semaphore => semaphore!.WithoutHolder(id));
            }
        })));
        return new TransactionRate(2 * hosts / watch.Elapsed.TotalSeconds);
    }

    private static async Task ChangeAsync(EtcdSemaphoreStore store, Func<RebootSemaphore?, RebootSemaphore> change)
    {
        StoredSemaphore stored = await store.ReadAsync(Group, CancellationToken.None);
        while (true)
        {
            SwapResult result = await store.SwapAsync(Group, stored.Revision, change(stored.Value), CancellationToken.None);
            if (result.IsSwapped)
            {
                return;
            }

            stored = result.Stored;
        }
    }
}
