using ServerSentEvents.Internal.Compatibility;
using ServerSentEvents.Internal.Events;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>
/// Paces one source of events: before an event, the source waits for subscribers that read and have more than half of their
/// queue filled.
/// </summary>
/// <remarks>
/// A look visits all subscribers of the channels, as a publish does. It gives the source a budget of events and bytes, up to
/// an eighth of the smallest queue, so that most events need no look. A subscriber that joins ends the budget. The reader that
/// makes room wakes the source at once. The timer runs only during a wait. It finds readers that read nothing.
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

    private RoomBudget _budget;

    /// <summary>The number of joins at the last look. A subscriber that joined later is not part of the budget.</summary>
    private long _joins = -1;

    /// <summary>The timer; null before the first wait.</summary>
    private ITimer? _timer;

    private volatile bool _isLookDue;

    /// <summary>The reader that the source waits for; null for none.</summary>
    private volatile SlowReaders<TProperties>.SlowReader? _awaited;

    /// <summary>Completes when the source has to check why it waits.</summary>
    private volatile TaskCompletionSource<bool>? _wake;

    internal SourcePacer(PublisherCore<TProperties> core, in ChannelNames channels)
    {
        _core = core;
        _channels = channels;
        _idBytes = core.Settings.HistoryCapacity > 0 ? IdLineBytes : 0;
        _slow = new(this, core.Settings.Ticks(StallTimeout));
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

    /// <summary>Continues the source if it waits for this reader. Runs no other code.</summary>
    internal void OnRoom(SlowReaders<TProperties>.SlowReader reader)
    {
        if (ReferenceEquals(_awaited, reader))
            Wake();
    }

    private async Task LookAsync(int length, CancellationToken cancellationToken)
    {
        _slow.BeginEvent(length, Now());
        if (Look(length))
            return;

        var registration = cancellationToken.RegisterDetached(static pacer => ((SourcePacer<TProperties>)pacer!).Wake(), this);
        try
        {
            StartTimer();
            do
            {
                // Wait for one reader after another. While the source waits for the first, the others usually make room, too.
                foreach (var reader in _slow.Awaited)
                    await WaitForAsync(reader, cancellationToken).ConfigureAwait(false);
                cancellationToken.ThrowIfCancellationRequested();
            }
            while (!Look(length));
        }
        finally
        {
            _awaited = null;
            _timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            registration.DisposeWithoutWaiting(cancellationToken);
        }
    }

    /// <summary>Looks at all queues. Returns false if the source has to wait.</summary>
    private bool Look(int length)
    {
        _isLookDue = false;
        _slow.BeginLook(Now());
        _budget = _core.Registry.FindRoom(_channels, length, _slow, out _joins);
        _slow.EndLook();
        if (_slow.Awaited.Count > 0)
            return false;
        if (_slow.HasOverdue)
            _budget = default;
        else
            _budget.Take(length);
        return true;
    }

    /// <summary>Waits until a reader has made room, until the next look is due, or until the token is canceled.</summary>
    private async Task WaitForAsync(SlowReaders<TProperties>.SlowReader reader, CancellationToken cancellationToken)
    {
        while (true)
        {
            var wake = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            _wake = wake;
            _awaited = reader;
            // Publish these fields before reading what the other threads write before they read the fields.
            Interlocked.MemoryBarrier();
            if (!reader.IsWaiting || _isLookDue || cancellationToken.IsCancellationRequested)
                return;
            await wake.Task.ConfigureAwait(false);
        }
    }

    private void Wake() => _wake?.TrySetResult(true);

    private long Now() => _core.Settings.TimeProvider.GetTimestamp();

    private void StartTimer()
    {
        _timer ??= _core.Settings.TimeProvider.CreateDetachedTimer(
            static pacer => ((SourcePacer<TProperties>)pacer!).OnLookDue(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(LookInterval, LookInterval);
    }

    private void OnLookDue()
    {
        _isLookDue = true;
        Interlocked.MemoryBarrier();
        Wake();
    }
}
