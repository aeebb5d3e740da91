using System.Threading.Channels;
using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>
/// The subscribers whose queue was more than half full when the source last looked, each with the time of its last progress.
/// </summary>
/// <param name="wake">Wakes the source. Runs no other code.</param>
/// <param name="second">A second, in ticks of the clock.</param>
/// <typeparam name="TProperties">The type of the subscribers' properties.</typeparam>
/// <remarks>
/// Used by the source alone, except that the readers call <see cref="RemoveWaiter"/>. <see cref="Add"/> is called under the
/// registry's lock.
/// </remarks>
internal sealed class SlowReaders<TProperties>(ChannelWriter<bool> wake, long second)
{
    /// <summary>
    /// The readers, by subscription. A subscriber as the key would keep its queue after the end, while the source waits for an item.
    /// </summary>
    private readonly Dictionary<Subscription<TProperties>, SlowReader> _readers = [];

    /// <summary>The number of the current look.</summary>
    private long _look;

    /// <summary>The length of the current event.</summary>
    private int _length;

    /// <summary>The time of the first look for the current event.</summary>
    private long _waitingSince;

    private long _now;

    /// <summary>
    /// The number of waiters in queues, and one more during a look. The step to 0 wakes the source. Changed by interlocked
    /// operations.
    /// </summary>
    private int _waiters;

    /// <summary>True if the source has to wait. Changed only while the number of waiters is above 0.</summary>
    internal bool MustWait { get; private set; }

    /// <summary>
    /// True if the queue of a reader that reads is still more than half full after a second of waiting. The source then publishes
    /// one event, and looks again.
    /// </summary>
    internal bool HasOverdue { get; private set; }

    /// <summary>Starts to wait for room for an event.</summary>
    internal void BeginEvent(int length, long now) => (_length, _waitingSince) = (length, now);

    internal void BeginLook(long now)
    {
        Interlocked.Increment(ref _waiters);
        _now = now;
        _look++;
        HasOverdue = MustWait = false;
    }

    /// <summary>Adds a subscriber without ample room.</summary>
    internal void Add(Subscriber<TProperties> subscriber, QueueRoom room)
    {
        if (!_readers.TryGetValue(subscriber.Subscription, out var reader))
            _readers.Add(subscriber.Subscription, reader = new(this, subscriber.Subscription, subscriber.Progress, _now));
        reader.Look = _look;
        // The source does not wait for a stalled reader, which reads nothing.
        var isStalled = reader.IdleTime(subscriber.Progress, _now) >= LongestIdleTime(subscriber);
        // An event waits for at most a second for a reader that reads, and longer only if it does not fit.
        var isOverdue = !isStalled && room == QueueRoom.Scarce && _now - _waitingSince >= second;
        HasOverdue |= isOverdue;
        if (isStalled || isOverdue)
        {
            reader.StopWaiting();
            return;
        }

        MustWait = true;
        if (reader.IsWaiting)
            return;
        reader.Length = _length;
        Interlocked.Increment(ref _waiters);
        subscriber.WaitForRoom(reader);
    }

    /// <summary>
    /// Returns the time after which a reader that reads nothing is stalled: a second, or the time that a client with the lowest rate
    /// needs for the flush that its copy waits for. A copy reads nothing during a flush.
    /// </summary>
    private long LongestIdleTime(Subscriber<TProperties> subscriber) =>
        Math.Max(second, (subscriber.Copy?.FlushingBytes ?? 0) * second / LingeringSubscribers<TProperties>.LowestBytesPerSecond);

    /// <summary>Forgets the readers that the current look has not seen. Wakes the source if all others have made room.</summary>
    internal void EndLook()
    {
        foreach (var reader in _readers.Values.Where(reader => reader.Look != _look).ToList())
            Remove(reader);
        RemoveWaiter();
    }

    /// <summary>Removes the waiters of the source from the queues.</summary>
    internal void Clear()
    {
        foreach (var reader in _readers.Values.ToList())
            Remove(reader);
    }

    /// <summary>Forgets a reader, and leaves nothing of the source behind in its queue.</summary>
    private void Remove(SlowReader reader)
    {
        reader.StopWaiting();
        _readers.Remove(reader.Subscription);
    }

    /// <summary>Counts a waiter as gone. Any thread can call this, also under the registry's lock.</summary>
    private void RemoveWaiter()
    {
        if (Interlocked.Decrement(ref _waiters) == 0 && MustWait)
            wake.TryWrite(true);
    }

    /// <summary>A subscriber with more than half of its queue filled.</summary>
    private sealed class SlowReader(SlowReaders<TProperties> owner, Subscription<TProperties> subscription, int progress, long now)
        : RoomWaiter
    {
        private int _progress = progress;
        private long _progressAt = now;

        internal Subscription<TProperties> Subscription => subscription;

        /// <summary>The last look that has seen this reader.</summary>
        internal long Look { get; set; }

        /// <summary>Returns the time for which the reader has been seen to read nothing.</summary>
        internal long IdleTime(int progress, long now)
        {
            if (progress != _progress)
                (_progress, _progressAt) = (progress, now);
            return now - _progressAt;
        }

        /// <summary>Removes the waiter from the queue, and wakes the waiters of other sources there.</summary>
        internal void StopWaiting()
        {
            if (IsWaiting)
                subscription.Subscriber?.WakeRoomWaiters();
        }

        protected override void OnWoken() => owner.RemoveWaiter();
    }
}
