using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using ServerSentEvents.Internal.Delivery;
using ServerSentEvents.Internal.Events;
using ServerSentEvents.Internal.Publishing;

namespace ServerSentEvents.Internal.Queues;

/// <summary>
/// What waits for one subscriber: a bounded channel, and before it the seed. The seed stands outside the channel's bound
/// because it neither counts against the capacity nor may be dropped, which no channel can promise of what is in it.
/// </summary>
/// <remarks>
/// Written under the registry's lock, thus by one writer at a time, and read by one reader, without that lock. The channel
/// never continues a reader inline, and a copy is only put on a list: no reader's code runs within a write or
/// <see cref="Complete"/>.
/// </remarks>
internal sealed class SubscriptionQueue
{
    private readonly int _capacity;
    private readonly QueueOverflow _overflow;
    private readonly ChannelReader<Frame> _reader;

    /// <summary>The copy that reads, whose flush is not waited for when the reader is cut off; null for another reader.</summary>
    private PipeCopy? _copy;

    /// <summary>What the reader gets before all else; null when it has had the last of it.</summary>
    private Frame[]? _seed;

    /// <summary>The reader's place in <see cref="_seed"/>.</summary>
    private int _seedPosition;

    /// <summary>How many frames found no room: written under the registry's lock, and read without it.</summary>
    private long _dropped;

    /// <summary>Set once, by <see cref="CutOff"/>, after which the reader gets nothing more.</summary>
    private volatile bool _cutOff;

    internal SubscriptionQueue(int capacity, QueueOverflow overflow)
    {
        (_capacity, _overflow) = (capacity, overflow);
        var options = new BoundedChannelOptions(capacity) { AllowSynchronousContinuations = false };
        if (overflow == QueueOverflow.DropOldest)
        {
            // The channel itself makes the room: between a read and a write of ours the reader could make some too, and
            // then a frame would be dropped for nothing.
            options.FullMode = BoundedChannelFullMode.DropOldest;
        }

        var channel = overflow == QueueOverflow.DropOldest
            ? Channel.CreateBounded<Frame>(options, _ => CountDropped())
            : Channel.CreateBounded<Frame>(options);
        (_reader, Writer) = (channel.Reader, channel.Writer);
    }

    /// <summary>
    /// Takes a frame in, and never waits; where it does not, see <see cref="TryDrop"/>. Needs the registry's lock, under which
    /// it is also changed: whoever keeps it has to be told.
    /// </summary>
    internal ChannelWriter<Frame> Writer { get; private set; }

    /// <summary>How many frames wait; while the reader is at work, a number that was right a moment ago.</summary>
    internal int Count
    {
        get
        {
            var seed = Volatile.Read(ref _seed);
            var seeded = seed is null ? 0 : Math.Max(0, seed.Length - Volatile.Read(ref _seedPosition));
            return seeded + _reader.Count;
        }
    }

    /// <summary>True if what is written next takes nobody's place. Needs the registry's lock: nobody else writes.</summary>
    internal bool HasRoom => _reader.Count < _capacity;

    /// <summary>True if the reader was cut off, rather than read to the end.</summary>
    internal bool IsCutOff => _cutOff;

    /// <summary>True if the reader has had everything, or was cut off: it gets nothing more.</summary>
    internal bool IsFinished => _cutOff || (Volatile.Read(ref _seed) is null && _reader.Completion.IsCompleted);

    internal long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Puts frames before all others. To be called before anybody reads, and not twice.</summary>
    internal void Seed(Frame[] frames) => Volatile.Write(ref _seed, frames.Length > 0 && !_cutOff ? frames : null);

    /// <summary>
    /// A frame has found no room: it is left out and counted, or, by false, its subscription has to end. Needs the registry's lock.
    /// </summary>
    internal bool TryDrop()
    {
        if (_overflow == QueueOverflow.Disconnect)
            return false;
        CountDropped();
        return true;
    }

    /// <summary>Nothing comes any more; what waits can still be read. Needs the registry's lock.</summary>
    internal void Complete() => Writer.TryComplete();

    /// <summary>The reader gets nothing more. It has to be said before <see cref="Complete"/> wakes a reader, who asks why.</summary>
    internal void CutOff()
    {
        _cutOff = true;
        Interlocked.MemoryBarrier();
    }

    /// <summary>
    /// From here on a copy is told of what comes; what has come before, it has to look for. Needs the registry's lock.
    /// </summary>
    internal void CopyTo(PipeCopy copy)
    {
        Volatile.Write(ref _copy, copy);
        Writer = new SignalingWriter(Writer, copy);
    }

    /// <summary>Lets go of what waits, and of a flush that does. Needs <see cref="CutOff"/> and <see cref="Complete"/> first.</summary>
    internal void Discard()
    {
        Volatile.Write(ref _seed, null);
        while (_reader.TryRead(out _))
        {
        }

        var copy = Volatile.Read(ref _copy);
        copy?.CutOff();
        copy?.Signal();
    }

    /// <summary>The next frame, if one is there.</summary>
    internal bool TryDequeue([NotNullWhen(true)] out Frame? frame)
    {
        while (TryTake(out frame))
        {
            frame = frame.Resolve();
            if (frame is null)
                continue;
            if (frame.IsEvent)
                PublisherMetrics.WasDelivered();
            return true;
        }

        return false;
    }

    /// <summary>Waits for a frame behind the seed; false when there will be none.</summary>
    internal ValueTask<bool> WaitToReadAsync() => _reader.WaitToReadAsync(CancellationToken.None);

    private void CountDropped()
    {
        Interlocked.Increment(ref _dropped);
        PublisherMetrics.WasDropped();
    }

    private bool TryTake([NotNullWhen(true)] out Frame? frame)
    {
        frame = null;
        if (_cutOff)
            return false;

        if (Volatile.Read(ref _seed) is { } seed)
        {
            frame = seed[_seedPosition];
            Volatile.Write(ref _seedPosition, _seedPosition + 1);
            if (_seedPosition == seed.Length)
                Volatile.Write(ref _seed, null);
            return true;
        }

        return _reader.TryRead(out frame);
    }
}
