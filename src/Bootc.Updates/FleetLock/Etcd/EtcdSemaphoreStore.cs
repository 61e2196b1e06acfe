// Semaphores in etcd, which any number of lock managers may share, airlock among them.
using System.Text;
using Bootc.Updates.Http;

namespace Bootc.Updates.FleetLock.Etcd;

/// <summary>
/// Semaphores in etcd under the keys of airlock, one a group, without leases: a host that dies while it holds a lock holds it
/// until it comes back or someone forces the lock open. A semaphore is changed by transactions that compare the revision of its
/// last change.
/// </summary>
public sealed class EtcdSemaphoreStore : ISemaphoreStore
{
    private readonly EtcdClient _client;

    /// <param name="endpoints">The client URLs of the members of one cluster.</param>
    /// <param name="tls">The certificates for https; those of the system when there are none.</param>
    /// <param name="timeout">How long one request may take; 3 s unless given.</param>
    public EtcdSemaphoreStore(IReadOnlyList<Uri> endpoints, TlsClientFiles? tls = null, TimeSpan? timeout = null) =>
        _client = new EtcdClient(endpoints, tls, timeout ?? TimeSpan.FromSeconds(3));

    /// <inheritdoc/>
    public string Description => $"etcd at {_client.Description}";

    /// <summary>The key of a group's semaphore. Airlock escapes the group as queries of URLs are; group names have nothing to escape.</summary>
    public static string KeyOf(string group) => $"com.coreos.airlock/groups/{group}/v1/semaphore";

    /// <inheritdoc/>
    public async Task<StoredSemaphore> ReadAsync(string group, CancellationToken cancellation) =>
        Read(group, await _client.RangeAsync(new RangeRequest(Encoding.UTF8.GetBytes(KeyOf(group))), cancellation).ConfigureAwait(false));

    /// <inheritdoc/>
    public async Task<SwapResult> SwapAsync(string group, long revision, RebootSemaphore value, CancellationToken cancellation)
    {
        byte[] key = Encoding.UTF8.GetBytes(KeyOf(group));
        TransactionResponse answer = await _client.TransactAsync(
            new TransactionRequest(
                [new Comparison(key, revision)],
                [new RequestOperation { RequestPut = new PutRequest(key, value.ToBytes()) }],
                [new RequestOperation { RequestRange = new RangeRequest(key) }]),
            cancellation).ConfigureAwait(false);
        if (answer.Succeeded)
        {
            return new SwapResult(true, new StoredSemaphore(value, answer.Header?.Revision ?? throw Garbled(group)));
        }

        return new SwapResult(false, Read(group, answer.Responses is [{ ResponseRange: { } found }] ? found : throw Garbled(group)));
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    private StoredSemaphore Read(string group, RangeResponse found) => found.Kvs is [var entry, ..]
        ? new StoredSemaphore(RebootSemaphore.Parse(entry.Value, $"{KeyOf(group)} in {Description}"), entry.ModRevision)
        : default;

    private LockStoreException Garbled(string group) => new($"{Description} answered for {KeyOf(group)} with something that is no answer");
}
