namespace ServerSentEvents.Internal.Diagnostics;

/// <summary>A publisher with the values that are measured only when a listener collects them.</summary>
internal interface IMeasuredPublisher
{
    /// <summary>The bytes of the events in the history.</summary>
    long HistoryBytes { get; }

    /// <summary>Adds up the bytes that wait in all queues. Call outside every lock.</summary>
    long CountQueuedBytes();
}

/// <summary>The publishers of the process, for the thread that collects measurements. The list keeps none of them alive.</summary>
internal sealed class MeasuredPublishers
{
    /// <summary>The number of entries below which a search for collected publishers is not worthwhile.</summary>
    private const int SmallEnough = 16;

    private readonly Lock _gate = new();

    /// <summary>The publishers. Guarded by <see cref="_gate"/>.</summary>
    private readonly List<WeakReference<IMeasuredPublisher>> _publishers = [];

    /// <summary>
    /// The number of entries at which the next <see cref="Add"/> removes those of collected publishers. Guarded by
    /// <see cref="_gate"/>.
    /// </summary>
    private int _removeAt = SmallEnough;

    internal void Add(IMeasuredPublisher publisher)
    {
        lock (_gate)
        {
            // Without a listener, nothing else removes the entries. The limit doubles, so that an addition stays cheap.
            if (_publishers.Count >= _removeAt)
            {
                RemoveCollected_NeedsLock();
                _removeAt = Math.Max(SmallEnough, _publishers.Count * 2);
            }

            _publishers.Add(new(publisher));
        }
    }

    /// <summary>Adds up a value of all publishers. The function runs outside the lock of this list.</summary>
    internal long Sum(Func<IMeasuredPublisher, long> value)
    {
        WeakReference<IMeasuredPublisher>[] publishers;
        lock (_gate)
        {
            RemoveCollected_NeedsLock();
            publishers = [.. _publishers];
        }

        return publishers.Sum(reference => reference.TryGetTarget(out var publisher) ? value(publisher) : 0);
    }

    private void RemoveCollected_NeedsLock() => _publishers.RemoveAll(static reference => !reference.TryGetTarget(out _));
}
