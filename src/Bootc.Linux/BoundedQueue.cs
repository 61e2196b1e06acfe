// Hands things from one thread to others without spinning, which would take the processor from those that work.
namespace Bootc.Linux;

/// <summary>A queue of bounded length. Waiting threads sleep.</summary>
public sealed class BoundedQueue<T>(int capacity)
{
    private readonly object _gate = new();
    private readonly Queue<T> _items = new(capacity);
    private bool _completed;

    /// <summary>Adds an item, waiting for room; <see langword="false"/> when the queue is complete and takes no more.</summary>
    public bool TryAdd(T item)
    {
        lock (_gate)
        {
            while (_items.Count == capacity && !_completed)
            {
                Monitor.Wait(_gate);
            }

            if (_completed)
            {
                return false;
            }

            _items.Enqueue(item);
            Monitor.PulseAll(_gate);
            return true;
        }
    }

    /// <summary>Takes an item, waiting for one; <see langword="false"/> when the queue is complete and empty.</summary>
    public bool TryTake(out T item) => TryTake(out item, waits: true);

    /// <summary>Takes an item if one is there.</summary>
    public bool TryTakeAtOnce(out T item) => TryTake(out item, waits: false);

    /// <summary>Takes no more items; what is there can still be taken.</summary>
    public void Complete()
    {
        lock (_gate)
        {
            _completed = true;
            Monitor.PulseAll(_gate);
        }
    }

    private bool TryTake(out T item, bool waits)
    {
        lock (_gate)
        {
            while (waits && _items.Count == 0 && !_completed)
            {
                Monitor.Wait(_gate);
            }

            bool taken = _items.TryDequeue(out item!);
            if (taken)
            {
                Monitor.PulseAll(_gate);
            }

            return taken;
        }
    }
}
