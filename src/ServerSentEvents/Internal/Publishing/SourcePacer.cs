using System.Threading.Channels;
using ServerSentEvents.Internal.Compatibility;
using ServerSentEvents.Internal.Events;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>
/// The pacing of one source of events: before an event, the source waits for subscribers that read and have more than half of their
/// queue filled.
/// </summary>
/// <remarks>
/// A look visits all subscribers of the channels, as a publish does. It gives the source a budget of events and bytes, up to
/// an eighth of the smallest queue, so that most events need no look. A subscriber that joins ends the budget. The last of the
/// readers that make room wakes the source at once. The timer runs only during a wait. It finds readers that read nothing.
/// </remarks>
internal sealed class SourcePacer<TProperties> : IDisposable
{
    /// <summary>The time after which a reader that reads nothing is stalled. A reader gets more time during a large flush.</summary>
    private static readonly TimeSpan StallTimeout = TimeSpan.FromSeconds(1);

    /// <summary>The time between two looks of a source that waits: a stalled reader delays it by at most a tenth more.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>An upper bound of the line of a generated id, which is added to an event when it gets its position.</summary>
    private const int IdLineBytes = 64;

    private readonly PublisherCore<TProperties> _core;
    private readonly ChannelNames _channels;
    private readonly SlowReaders<TProperties> _slow;
    private readonly int _idBytes;

    /// <summary>Wakes the source for a look. Wakes that come together count as one, and one that comes late costs a look.</summary>
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(1);

    private RoomBudget _budget;

    /// <summary>The number of joins at the last look. A subscriber that joined later is not part of the budget.</summary>
    private long _joins = -1;

    /// <summary>The timer; null before the first wait.</summary>
    private ITimer? _timer;

    internal SourcePacer(PublisherCore<TProperties> core, in ChannelNames channels)
    {
        _core = core;
        _channels = channels;
        _idBytes = core.Settings.HistoryCapacity > 0 ? IdLineBytes : 0;
        _slow = new(_wake.Writer, core.Settings.Ticks(StallTimeout));
        core.Registry.BeginSource();
    }

    /// <summary>Ends the pacing. Call once.</summary>
    public void Dispose()
    {
        _core.Registry.EndSource();
        _slow.Clear();
        _timer?.Dispose();
    }

    /// <summary>Waits until an event can be published.</summary>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    internal ValueTask WaitForRoomAsync(Frame frame, CancellationToken cancellationToken)
    {
        var length = frame.Length + _idBytes;
        return _joins == _core.Registry.Joins && _budget.TryTake(length)
            ? default
            : new ValueTask(LookAsync(length, cancellationToken));
    }

    private async Task LookAsync(int length, CancellationToken cancellationToken)
    {
        _slow.BeginEvent(length, Now());
        if (Look(length))
            return;

        _timer ??= _core.Settings.TimeProvider.CreateDetachedTimer(
            static wake => ((ChannelWriter<bool>)wake!).TryWrite(true), _wake.Writer, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        try
        {
            _timer.Change(LookInterval, LookInterval);
            do
                await _wake.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            while (!Look(length));
        }
        finally
        {
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Looks at all queues. Returns false if the source has to wait.</summary>
    private bool Look(int length)
    {
        _slow.BeginLook(Now());
        _budget = _core.Registry.FindRoom(_channels, length, _slow, out _joins);
        _slow.EndLook();
        if (_slow.MustWait)
            return false;
        if (_slow.HasOverdue)
            _budget = default;
        else
            _budget.Take(length);
        return true;
    }

    private long Now() => _core.Settings.TimeProvider.GetTimestamp();
}
