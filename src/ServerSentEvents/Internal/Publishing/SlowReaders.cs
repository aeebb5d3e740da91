using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>
/// The subscribers whose queue was more than half full when the source last looked, each with the time of its last progress.
/// </summary>
/// <param name="pacer">The pacer of the source.</param>
/// <param name="second">A second, in ticks of the clock.</param>
/// <typeparam name="TProperties">The type of the subscribers' properties.</typeparam>
/// <remarks>Used by the source alone. <see cref="Add"/> is called under the registry's lock.</remarks>
internal sealed class SlowReaders<TProperties>(SourcePacer<TProperties> pacer, long second)
{
    private readonly Dictionary<Subscriber<TProperties>, SlowReader> _readers = [];

    /// <summary>The number of the current look.</summary>
    private long _look;

    private int _seen;

    /// <summary>The length of the current event.</summary>
    private int _length;

    /// <summary>The time of the first look for the current event.</summary>
    private long _waitingSince;

    private long _now;

    /// <summary>The readers to wait for.</summary>
    internal List<SlowReader> Awaited { get; } = [];

    /// <summary>
    /// True if the queue of a reader that reads is still more than half full after a second of waiting. The source then publishes
    /// one event, and looks again.
    /// </summary>
    internal bool HasOverdue { get; private set; }

    /// <summary>Starts to wait for room for an event.</summary>
    internal void BeginEvent(int length, long now) => (_length, _waitingSince) = (length, now);

    internal void BeginLook(long now)
    {
        _now = now;
        _look++;
        _seen = 0;
        HasOverdue = false;
        Awaited.Clear();
    }

    /// <summary>Adds a subscriber without ample room.</summary>
    internal void Add(Subscriber<TProperties> subscriber, QueueRoom room)
    {
        if (!_readers.TryGetValue(subscriber, out var reader))
            _readers.Add(subscriber, reader = new(pacer, subscriber, _now));
        reader.Look = _look;
        _seen++;
        // The source does not wait for a stalled reader, which reads nothing.
        if (reader.IdleTime(_now) >= LongestIdleTime(subscriber))
            return;
        // An event waits for at most a second for a reader that reads, and longer only if it does not fit.
        if (room == QueueRoom.Scarce && _now - _waitingSince >= second)
        {
            HasOverdue = true;
            return;
        }

        Awaited.Add(reader);
        if (reader.IsWaiting)
            return;
        reader.Length = _length;
        subscriber.WaitForRoom(reader);
    }

    /// <summary>
    /// Returns the time after which a reader that reads nothing is stalled: a second, or the time that a client with the lowest rate
    /// needs for the flush that its copy waits for. A copy reads nothing during a flush.
    /// </summary>
    private long LongestIdleTime(Subscriber<TProperties> subscriber) =>
        Math.Max(second, (subscriber.Copy?.FlushingBytes ?? 0) * second / LingeringSubscribers<TProperties>.LowestBytesPerSecond);

    /// <summary>Forgets the readers that the current look has not seen.</summary>
    internal void EndLook()
    {
        if (_seen == _readers.Count)
            return;
        foreach (var reader in _readers.Values.Where(reader => reader.Look != _look).ToList())
            Remove(reader);
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
        if (reader.IsWaiting)
            reader.Subscriber.WakeRoomWaiters();
        _readers.Remove(reader.Subscriber);
    }

    /// <summary>A subscriber with more than half of its queue filled.</summary>
    internal sealed class SlowReader(SourcePacer<TProperties> pacer, Subscriber<TProperties> subscriber, long now) : RoomWaiter
    {
        private int _progress = subscriber.Progress;
        private long _progressAt = now;

        internal Subscriber<TProperties> Subscriber => subscriber;

        /// <summary>The last look that has seen this reader.</summary>
        internal long Look { get; set; }

        /// <summary>Returns the time for which the reader has been seen to read nothing.</summary>
        internal long IdleTime(long now)
        {
            var progress = subscriber.Progress;
            if (progress != _progress)
                (_progress, _progressAt) = (progress, now);
            return now - _progressAt;
        }

        protected override void OnWoken() => pacer.OnRoom(this);
    }
}
