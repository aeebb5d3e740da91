using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Compatibility;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>
/// The timer for a publisher's subscribers and history. It sends heartbeats, evicts expired events, cuts off ended subscriptions
/// whose readers read nothing, and ends subscriptions that stay ahead of a backplane's node. It runs only while there is
/// something to do, and does not keep a publisher alive.
/// </summary>
internal sealed class PublisherTimer<TProperties>
{
    /// <summary>The number of checks in each interval, so that nothing is late by more than a quarter of it.</summary>
    private const int ChecksPerInterval = 4;

    /// <summary>The time that a node of a backplane has to reach the position of a client from another node.</summary>
    private static readonly TimeSpan AheadTimeout = TimeSpan.FromSeconds(30);

    private readonly WeakReference<PublisherCore<TProperties>> _core;
    private readonly PublisherSettings _settings;
    private readonly TimeSpan _period;

    /// <summary>
    /// The timestamp from which a check sends heartbeats: one period before they are due, because the next check would be too late. Read
    /// and written by volatile operations, because checks can overlap.
    /// </summary>
    private long _nextHeartbeats = long.MinValue;

    /// <summary>A <see cref="TimerState"/>, changed by interlocked operations.</summary>
    private int _state;

    private volatile bool _isDisposed;

    /// <summary>The timer; null while there is none. Used by the thread that has changed the state to Starting or Stopping.</summary>
    private ITimer? _timer;

    internal PublisherTimer(PublisherCore<TProperties> core, PublisherSettings settings)
    {
        _core = new(core);
        _settings = settings;
        // Without a history, no subscriber can be ahead.
        var hasHistory = settings.HistoryCapacity > 0;
        TimeSpan?[] timeouts =
            [settings.LingerTimeout, settings.HeartbeatInterval, hasHistory ? settings.HistoryMaxAge : null, hasHistory ? AheadTimeout : null];
        _period = TimeSpan.FromTicks(Math.Max(timeouts.Min()!.Value.Ticks / ChecksPerInterval, TimeSpan.TicksPerMillisecond));
        if (settings.HeartbeatInterval is not null)
            Start();
    }

    /// <summary>Creates the timer, if there is none. Call outside every lock: the clock is the application's.</summary>
    internal void Start()
    {
        if (Volatile.Read(ref _state) != (int)TimerState.Idle || !TryChange(TimerState.Idle, TimerState.Starting))
            return;
        var next = TimerState.Idle;
        try
        {
            _timer = _settings.TimeProvider.CreateDetachedTimer(
                static state => ((PublisherTimer<TProperties>)state!).Check(), this, _period, _period);
            next = TimerState.Running;
        }
        finally
        {
            Volatile.Write(ref _state, (int)next);
        }
    }

    /// <summary>Ends the heartbeats, and the timer when nothing else is left to do.</summary>
    internal void Dispose()
    {
        _isDisposed = true;
        if (_core.TryGetTarget(out var core))
            StopIfQuiet(core);
    }

    private void Check()
    {
        if (!_core.TryGetTarget(out var core))
        {
            Stop();
            return;
        }

        var now = _settings.TimeProvider.GetTimestamp();
        if (_settings.HeartbeatInterval is { } interval && !_isDisposed && now >= Volatile.Read(ref _nextHeartbeats))
        {
            Volatile.Write(ref _nextHeartbeats, now + (_settings.Ticks(interval) / ChecksPerInterval) - _settings.Ticks(_period));
            SendHeartbeats(core, since: now - _settings.Ticks(interval), now);
        }

        if (_settings.HistoryMaxAge is { } age)
            core.Registry.Evict(expiredBefore: now - _settings.Ticks(age));

        var unreached = core.Registry.EndUnreached(waitingSince: now - _settings.Ticks(AheadTimeout));
        // Handlers and writers are application code, and must not delay the timer.
        if (unreached.Ended is not null)
            ThreadPool.UnsafeQueueUserWorkItem(_ => core.CompleteUnreported(unreached), state: null);
        foreach (var subscriber in core.Registry.TakeOverdue(now) ?? [])
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                static state => ((Subscriber<TProperties>)state!).Subscription.CutOff(), subscriber);
        }

        StopIfQuiet(core);
    }

    private static void SendHeartbeats(PublisherCore<TProperties> core, long since, long now)
    {
        var walk = new SubscriberWalk();
        while (!walk.IsAtEnd)
            core.CompleteUnreported(core.Registry.SendHeartbeats(ref walk, since, now));
    }

    private void StopIfQuiet(PublisherCore<TProperties> core)
    {
        if ((_settings.HeartbeatInterval is not null && !_isDisposed) || !core.Registry.IsQuiet() || !Stop())
            return;
        // Something to do may have come between the check and the stop.
        if (!core.Registry.IsQuiet())
            Start();
    }

    /// <summary>Disposes the timer. Returns false if it was not running, or another thread stops it.</summary>
    private bool Stop()
    {
        if (!TryChange(TimerState.Running, TimerState.Stopping))
            return false;
        try
        {
            _timer!.Dispose();
        }
        finally
        {
            _timer = null;
            Volatile.Write(ref _state, (int)TimerState.Idle);
        }

        return true;
    }

    private bool TryChange(TimerState from, TimerState to) =>
        Interlocked.CompareExchange(ref _state, (int)to, (int)from) == (int)from;
}

/// <summary>The state of a <see cref="PublisherTimer{TProperties}"/>.</summary>
/// <remarks>
/// <code>
/// Idle      -> Starting  there is something to do
/// Starting  -> Running   the timer is set
/// Starting  -> Idle      the clock has thrown an exception
/// Running   -> Stopping  nothing is left to do, or the publisher is garbage
/// Stopping  -> Idle      the timer is disposed
/// </code>
/// A callback of the timer can run in every state.
/// </remarks>
internal enum TimerState
{
    Idle,
    Starting,
    Running,
    Stopping,
}
