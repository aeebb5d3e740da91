using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Compatibility;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>
/// The one timer of a publisher. It sends heartbeats, evicts expired events, and finds subscribers whose readers take nothing
/// after their end. It runs only while there is something to do, and does not keep a publisher alive.
/// </summary>
internal sealed class PublisherTimer<TProperties>
{
    /// <summary>The number of looks in each interval, so that nothing is late by more than a quarter of it.</summary>
    private const int LooksPerInterval = 4;

    /// <summary>The time that a node of a backplane has to reach the position of a client from another node.</summary>
    private static readonly TimeSpan AheadTimeout = TimeSpan.FromSeconds(30);

    private readonly WeakReference<PublisherCore<TProperties>> _core;
    private readonly PublisherSettings _settings;
    private readonly TimeSpan _period;

    /// <summary>The time of the last search for expired events. Used by the timer's callback alone.</summary>
    private long _evictedAt;

    /// <summary>1 while the timer is set, changed by interlocked operations.</summary>
    private int _isRunning;

    private volatile bool _isDisposed;

    /// <summary>
    /// The timer; null until there is something to do. Created by the thread that sets <see cref="_isRunning"/>.
    /// </summary>
    private ITimer? _timer;

    internal PublisherTimer(PublisherCore<TProperties> core, PublisherSettings settings)
    {
        _core = new(core);
        _settings = settings;
        var shortest = settings.LingerTimeout;
        if (settings.HeartbeatInterval < shortest)
            shortest = settings.HeartbeatInterval.GetValueOrDefault();
        if (settings.HistoryCapacity > 0 && settings.HistoryMaxAge < shortest)
            shortest = settings.HistoryMaxAge.GetValueOrDefault();
        _period = TimeSpan.FromTicks(Math.Max(shortest.Ticks / LooksPerInterval, TimeSpan.TicksPerMillisecond));
        if (settings.HeartbeatInterval is not null)
            Start();
    }

    /// <summary>Sets the timer, if it is not set. Call outside every lock: the clock is the application's.</summary>
    internal void Start()
    {
        if (Volatile.Read(ref _isRunning) != 0 || Interlocked.Exchange(ref _isRunning, 1) != 0)
            return;
        if (Volatile.Read(ref _timer) is { } timer)
        {
            timer.Change(_period, _period);
            return;
        }

        // Start the timer after the field is set: the callback uses the field at once.
        Volatile.Write(ref _timer, _settings.TimeProvider.CreateDetachedTimer(
            static state => ((PublisherTimer<TProperties>)state!).Look(),
            this,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan));
        _timer!.Change(_period, _period);
    }

    /// <summary>Ends the heartbeats, and the timer when nothing else is left to do.</summary>
    internal void Dispose()
    {
        _isDisposed = true;
        if (_core.TryGetTarget(out var core))
            StopIfQuiet(core);
    }

    private void Look()
    {
        if (!_core.TryGetTarget(out var core))
        {
            _timer!.Dispose();
            return;
        }

        var now = _settings.TimeProvider.GetTimestamp();
        if (_settings.HeartbeatInterval is { } interval && !_isDisposed)
            core.Complete(core.Registry.SendHeartbeats(since: now - _settings.Ticks(interval), now));
        // Search now if the next look would be more than a quarter of the age after the last search.
        if (_settings.HistoryMaxAge is { } age
            && now + _settings.Ticks(_period) - _evictedAt > _settings.Ticks(age) / LooksPerInterval)
        {
            _evictedAt = now;
            core.Registry.EvictExpired(now);
        }

        var unreached = core.Registry.EndUnreached(since: now - _settings.Ticks(AheadTimeout));
        // Handlers and writers are application code, and must not delay the timer.
        if (unreached.Ended is not null)
            ThreadPool.UnsafeQueueUserWorkItem(_ => core.Complete(unreached), state: null);
        foreach (var subscriber in core.Registry.TakeOverdue(now) ?? [])
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                static state => ((Subscriber<TProperties>)state!).Subscription.CutOff(), subscriber);
        }

        StopIfQuiet(core);
    }

    private void StopIfQuiet(PublisherCore<TProperties> core)
    {
        if ((_settings.HeartbeatInterval is not null && !_isDisposed) || !core.Registry.IsQuiet())
            return;
        if (Volatile.Read(ref _timer) is not { } timer)
            return;
        if (_isDisposed)
        {
            timer.Dispose();
            Volatile.Write(ref _timer, null);
        }
        else
        {
            timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        Interlocked.Exchange(ref _isRunning, 0);
        // Something to do may have come between the check and the exchange.
        if (!core.Registry.IsQuiet())
            Start();
    }
}
