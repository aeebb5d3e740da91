using ServerSentEvents.Internal.Compatibility;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>The one timer of a publisher that has heartbeats.</summary>
/// <remarks>
/// It looks several times in each interval, so that nobody is idle for much longer than that. The timer does not keep a
/// publisher alive that its application has forgotten.
/// </remarks>
internal sealed class Heartbeats<TProperties> : IDisposable
{
    private const int LooksPerInterval = 4;

    private readonly WeakReference<SubscriberRegistry<TProperties>> _registry;
    private readonly TimeProvider _time;

    /// <summary>The interval, in the clock's ticks.</summary>
    private readonly long _interval;

    private readonly ITimer _timer;

    internal Heartbeats(SubscriberRegistry<TProperties> registry, TimeProvider time, TimeSpan interval)
    {
        _registry = new(registry);
        _time = time;
        _interval = time.ToTimestampTicks(interval);
        var period = TimeSpan.FromTicks(Math.Max(interval.Ticks / LooksPerInterval, TimeSpan.TicksPerMillisecond));
        _timer = time.CreateDetachedTimer(static state => ((Heartbeats<TProperties>)state!).Look(), this, period, period);
    }

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        if (!_registry.TryGetTarget(out var registry))
        {
            _timer?.Dispose();
            return;
        }

        var now = _time.GetTimestamp();
        registry.SendHeartbeats(since: now - _interval, now);
    }
}
