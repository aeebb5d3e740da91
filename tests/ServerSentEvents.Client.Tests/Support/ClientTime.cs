using System.Collections.Concurrent;
using System.Threading.Channels;

namespace ServerSentEvents.Client.Tests;

/// <summary>A fake clock that reports each wait of a client.</summary>
internal sealed class ClientTime : FakeTimeProvider
{
    private readonly Channel<TimeSpan> _waits = Channel.CreateUnbounded<TimeSpan>();
    private readonly Channel<TimeSpan> _stallTimeouts = Channel.CreateUnbounded<TimeSpan>();

    /// <summary>True if the clock advances by each wait before an attempt, as soon as it begins.</summary>
    internal bool SkipsWaits { get; init; }

    /// <summary>The waits before attempts, in order.</summary>
    internal ConcurrentQueue<TimeSpan> Waits { get; } = new();

    /// <summary>Returns when the client waits before its next attempt.</summary>
    internal Task<TimeSpan> NextWaitAsync() => _waits.Reader.ReadAsync().AsTask().WaitAsync(Limits.Patience);

    /// <summary>The number of waits for the server that <see cref="NextStallTimeoutAsync"/> has not returned.</summary>
    internal int StallTimeouts => _stallTimeouts.Reader.Count;

    /// <summary>Returns when the client waits for the server.</summary>
    internal Task<TimeSpan> NextStallTimeoutAsync() => _stallTimeouts.Reader.ReadAsync().AsTask().WaitAsync(Limits.Patience);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ReportingTimer(this, base.CreateTimer(callback, state, dueTime, period));
        if (dueTime == Timeout.InfiniteTimeSpan)
            return timer;
        Waits.Enqueue(dueTime);
        _waits.Writer.TryWrite(dueTime);
        if (SkipsWaits)
            ThreadPool.QueueUserWorkItem(_ => Advance(dueTime));
        return timer;
    }

    private sealed class ReportingTimer(ClientTime time, ITimer timer) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            var changed = timer.Change(dueTime, period);
            if (dueTime != Timeout.InfiniteTimeSpan)
                time._stallTimeouts.Writer.TryWrite(dueTime);
            return changed;
        }

        public void Dispose() => timer.Dispose();

        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }
}
