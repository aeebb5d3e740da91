using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Delivery;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>Subscribers that have ended and whose readers have not yet taken all that was queued.</summary>
/// <param name="timeout">The time for which a reader can read nothing, in ticks of the clock.</param>
/// <param name="second">A second, in ticks of the clock.</param>
/// <typeparam name="TProperties">The type of the subscribers' properties.</typeparam>
/// <remarks>
/// Guarded by the registry's lock. The references are weak: a subscription that no reader holds has nothing to deliver. A
/// subscriber whose end is unannounced is held until the timeout.
/// </remarks>
internal sealed class LingeringSubscribers<TProperties>(long timeout, long second)
{
    /// <summary>
    /// The total time that a reader gets, as a multiple of the timeout. A large queue gets the time that a client with the lowest
    /// rate needs for it, if that is longer.
    /// </summary>
    private const int MaxTimeouts = 10;

    /// <summary>The lowest rate of a client that gets everything.</summary>
    internal const int LowestBytesPerSecond = 16 * 1024;

    private const long NotStarted = long.MinValue;

    private readonly List<Lingerer> _lingerers = [];

    /// <summary>The first place whose subscriber may have no start time yet. All before it have one.</summary>
    private int _firstNotStarted;

    internal bool IsEmpty => _lingerers.Count == 0;

    /// <summary>Adds a subscriber. Its time begins with <see cref="Start"/>, since no clock is read under the lock.</summary>
    internal void Add(Subscriber<TProperties> subscriber)
    {
        subscriber.End!.LingerIndex = _lingerers.Count;
        // Keep the subscriber alive until its end is announced: nothing else may reference it or its writer.
        var held = subscriber.End.IsUnannounced ? subscriber : null;
        _lingerers.Add(new(new(subscriber), subscriber.Progress, NotStarted, EndsAt: 0, held));
    }

    /// <summary>Starts the time of the subscribers that were added since the last call.</summary>
    internal void Start(long now)
    {
        for (; _firstNotStarted < _lingerers.Count; _firstNotStarted++)
        {
            var lingerer = _lingerers[_firstNotStarted];
            if (lingerer.ProgressAt != NotStarted || !lingerer.Subscriber.TryGetTarget(out var subscriber))
                continue;
            // The queue does not count the bytes of a flush under way, which the client has not yet taken.
            var bytes = subscriber.Bytes + PipeCopy<TProperties>.BytesPerFlush;
            // Add a second, because the division rounds down.
            var longest = Math.Max(timeout * MaxTimeouts, ((bytes / LowestBytesPerSecond) + 1) * second);
            _lingerers[_firstNotStarted] = lingerer with { ProgressAt = now, EndsAt = now + longest };
        }
    }

    internal void Remove(Subscriber<TProperties> subscriber)
    {
        if (subscriber.End is not { LingerIndex: >= 0 } end)
            return;
        RemoveAt(end.LingerIndex);
        end.LingerIndex = -1;
    }

    /// <summary>Removes and returns the subscribers whose readers have made no progress for the timeout.</summary>
    internal List<Subscriber<TProperties>>? TakeOverdue(long now)
    {
        List<Subscriber<TProperties>>? overdue = null;
        for (var i = _lingerers.Count - 1; i >= 0; i--)
        {
            var lingerer = _lingerers[i];
            if (!lingerer.Subscriber.TryGetTarget(out var subscriber))
            {
                RemoveAt(i);
                continue;
            }

            if (lingerer.ProgressAt == NotStarted)
                continue;
            var progress = subscriber.Progress;
            var isStuck = progress == lingerer.Progress && now - lingerer.ProgressAt >= timeout;
            if (isStuck || now >= lingerer.EndsAt)
            {
                (overdue ??= []).Add(subscriber);
                Remove(subscriber);
            }
            else if (progress != lingerer.Progress)
            {
                _lingerers[i] = lingerer with { Progress = progress, ProgressAt = now };
            }
        }

        return overdue;
    }

    /// <summary>Cancels the loads of initial data, which could delay the stop of a server.</summary>
    internal void StopLoads()
    {
        foreach (var lingerer in _lingerers)
        {
            if (lingerer.Subscriber.TryGetTarget(out var subscriber))
                subscriber.PendingLoad?.StopWaiting();
        }
    }

    /// <summary>Adds up the bytes that wait in queues, in several calls.</summary>
    /// <param name="place">The number of places to look at: any large number before the first call, and 0 at the end.</param>
    /// <param name="budget">The number of places to look at in this call.</param>
    internal long CountBytes(ref int place, int budget)
    {
        long bytes = 0;
        // Go from the end: the last subscriber takes the place of a removed subscriber, and has already been counted.
        for (place = Math.Min(place, _lingerers.Count); place > 0 && budget > 0; place--, budget--)
        {
            if (_lingerers[place - 1].Subscriber.TryGetTarget(out var subscriber))
                bytes += subscriber.Bytes;
        }

        return bytes;
    }

    private void RemoveAt(int index)
    {
        var last = _lingerers[^1];
        _lingerers.RemoveLast();
        _firstNotStarted = Math.Min(_firstNotStarted, _lingerers.Count);
        if (index == _lingerers.Count)
            return;
        // The last subscriber takes this place. Its time may not have started.
        _lingerers[index] = last;
        if (last.ProgressAt == NotStarted)
            _firstNotStarted = Math.Min(_firstNotStarted, index);
        if (last.Subscriber.TryGetTarget(out var moved))
            moved.End!.LingerIndex = index;
    }

    /// <param name="Subscriber">The subscriber.</param>
    /// <param name="Progress">The progress of its reader at the last check.</param>
    /// <param name="ProgressAt">The time of that progress.</param>
    /// <param name="EndsAt">The time after which the rest is dropped in any case.</param>
    /// <param name="Held">The subscriber if this place keeps it alive; else null.</param>
    private readonly record struct Lingerer(
        WeakReference<Subscriber<TProperties>> Subscriber,
        int Progress,
        long ProgressAt,
        long EndsAt,
        Subscriber<TProperties>? Held);
}
