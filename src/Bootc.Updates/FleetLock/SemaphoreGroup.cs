// The semaphore of one group, as one lock manager works on it.
using System.Threading.Channels;

namespace Bootc.Updates.FleetLock;

/// <summary>
/// Takes the requests of all clients of a group and carries them to the store. What waits is carried together: one transaction
/// may let many in and out, so that the time of a transaction does not limit how many hosts are served. Where another lock manager
/// changed the semaphore in between, the requests are tried again on what it is then; all of them may be repeated safely.
/// </summary>
internal sealed class SemaphoreGroup : IAsyncDisposable
{
    private const int MaximumBatch = 4096;
    private const int LongestPause = 50; // ms
    private readonly Channel<Request> _requests = Channel.CreateUnbounded<Request>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ISemaphoreStore _store;
    private readonly TimeProvider _clock;
    private readonly TimeSpan _timeout;
    private readonly ulong _slots;
    private readonly Task _worker;
    private StoredSemaphore _known;

    /// <param name="name">The group.</param>
    /// <param name="slots">The slots of a semaphore that is not there yet.</param>
    /// <param name="store">Where it is kept.</param>
    /// <param name="timeout">How long a request may take.</param>
    /// <param name="clock">The time.</param>
    public SemaphoreGroup(string name, ulong slots, ISemaphoreStore store, TimeSpan timeout, TimeProvider clock)
    {
        Name = name;
        _slots = slots;
        _store = store;
        _timeout = timeout;
        _clock = clock;
        _worker = Task.Run(WorkAsync);
    }

    private delegate RebootSemaphore Change(RebootSemaphore semaphore);

    private sealed record Request(string Id, Change Change)
    {
        public TaskCompletionSource<LockOutcome> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>The group.</summary>
    public string Name { get; }

    /// <summary>Lets a client in, if there is a free slot or it is in already.</summary>
    /// <exception cref="LockStoreException">The store cannot be used.</exception>
    public Task<LockOutcome> LockAsync(string id) => EnqueueAsync(id, semaphore => semaphore.WithHolder(id, _clock.GetUtcNow()));

    /// <summary>Lets a client out, if it is in.</summary>
    /// <exception cref="LockStoreException">The store cannot be used.</exception>
    public Task<LockOutcome> UnlockAsync(string id) => EnqueueAsync(id, semaphore => semaphore.WithoutHolder(id));

    /// <summary>Sets the number of slots.</summary>
    /// <exception cref="LockStoreException">The store cannot be used.</exception>
    public Task<LockOutcome> SetSlotsAsync(ulong slots) => EnqueueAsync("", semaphore => semaphore.WithSlots(slots));

    /// <summary>The semaphore as it is now.</summary>
    /// <exception cref="LockStoreException">The store cannot be used.</exception>
    public async Task<RebootSemaphore> ReadAsync() => (await EnqueueAsync("", semaphore => semaphore).ConfigureAwait(false)).Semaphore;

    /// <summary>Ends the work; what waits is done first.</summary>
    public async ValueTask DisposeAsync()
    {
        _requests.Writer.TryComplete();
        await _worker.ConfigureAwait(false);
    }

    private Task<LockOutcome> EnqueueAsync(string id, Change change)
    {
        var request = new Request(id, change);
        return _requests.Writer.TryWrite(request) ? request.Completion.Task : throw new LockStoreException("the lock manager is about to end");
    }

    private async Task WorkAsync()
    {
        var batch = new List<Request>();
        while (await _requests.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            batch.Clear();
            while (batch.Count < MaximumBatch && _requests.Reader.TryRead(out Request? request))
            {
                batch.Add(request);
            }

            try
            {
                await CarryAsync(batch).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                Exception error = e is OperationCanceledException ? new LockStoreException($"{_store.Description} did not take the change of group {Name} within {_timeout.TotalSeconds:0.#} s") : e;
                batch.ForEach(request => request.Completion.TrySetException(error));
            }
        }
    }

    private async Task CarryAsync(List<Request> batch)
    {
        using var deadline = new CancellationTokenSource(_timeout, _clock);
        bool isFresh = false; // whether what is known was read since the batch began
        for (int attempt = 0; ; attempt++)
        {
            RebootSemaphore start = _known.Value ?? new RebootSemaphore { TotalSlots = _slots };
            LockOutcome[] outcomes = Apply(batch, start, out RebootSemaphore end);
            if (ReferenceEquals(start, end) && _known.Value is not null)
            {
                if (isFresh)
                {
                    Complete(batch, outcomes);
                    return;
                }

                _known = await _store.ReadAsync(Name, deadline.Token).ConfigureAwait(false);
                isFresh = true;
                continue;
            }

            SwapResult result = await _store.SwapAsync(Name, _known.Revision, end, deadline.Token).ConfigureAwait(false);
            _known = result.Stored;
            if (result.IsSwapped)
            {
                Complete(batch, outcomes);
                return;
            }

            isFresh = true;
            if (attempt > 0)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(Math.Min(LongestPause, 1 << Math.Min(attempt, 6)) + 1)), _clock, deadline.Token).ConfigureAwait(false);
            }
        }
    }

    private static LockOutcome[] Apply(List<Request> batch, RebootSemaphore semaphore, out RebootSemaphore end)
    {
        var outcomes = new LockOutcome[batch.Count];
        for (int i = 0; i < batch.Count; i++)
        {
            RebootSemaphore changed = batch[i].Change(semaphore);
            outcomes[i] = new LockOutcome(changed.IsHeldBy(batch[i].Id), !ReferenceEquals(changed, semaphore), changed);
            semaphore = changed;
        }

        end = semaphore;
        return outcomes;
    }

    private static void Complete(List<Request> batch, LockOutcome[] outcomes)
    {
        for (int i = 0; i < batch.Count; i++)
        {
            batch[i].Completion.TrySetResult(outcomes[i]);
        }
    }
}
