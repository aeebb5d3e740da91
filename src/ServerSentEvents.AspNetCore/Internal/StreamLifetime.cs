using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ServerSentEvents.Internal.Compatibility;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>The timer that ends one stream when its authentication expires, or at its maximum age.</summary>
internal sealed class StreamLifetime : IDisposable
{
    /// <summary>The time that a stream lasts if its authentication has already expired at its start.</summary>
    private static readonly TimeSpan ShortestLifetime = TimeSpan.FromSeconds(30);

    /// <summary>The longest time between two checks of the clock. A timer accepts 49 days at most.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly TimeProvider _time;
    private readonly DateTimeOffset _end;

    /// <summary>The function that ends the stream after its queued events.</summary>
    private readonly Action _close;

    private readonly ILogger _logger;
    private readonly ITimer _timer;

    private StreamLifetime(TimeProvider time, DateTimeOffset end, Action close, ILogger logger)
    {
        _time = time;
        _end = end;
        _close = close;
        _logger = logger;
        // The timer starts after the field is set, because its callback reads the field.
        _timer = time.CreateDetachedTimer(
            static lifetime => ((StreamLifetime)lifetime!).CheckGuarded(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        SetTimer(end - time.GetUtcNow());
    }

    /// <summary>Starts the timer of a stream. Returns null if the stream has no end by time.</summary>
    internal static StreamLifetime? Start(HttpContext context, EventStreamSettings settings, Action close, ILogger logger)
    {
        var now = settings.Time.GetUtcNow();
        var end = DateTimeOffset.MaxValue;
        if (settings.CloseOnAuthenticationExpiration && ExpirationOf(context) is { } expiration)
            end = expiration > now ? expiration : now + ShortestLifetime;
        if (settings.MaxStreamAge < end - now)
            end = now + settings.MaxStreamAge.Value;
        return end == DateTimeOffset.MaxValue ? null : new(settings.Time, end, close, logger);
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private static DateTimeOffset? ExpirationOf(HttpContext context) =>
        context.Features.Get<IAuthenticateResultFeature>()?.AuthenticateResult is { Succeeded: true } result
            ? result.Properties?.ExpiresUtc
            : null;

    private void SetTimer(TimeSpan left)
    {
        // A timer counts whole milliseconds. Rounding up keeps it from firing repeatedly in the last millisecond.
        var wait = Math.Ceiling(Math.Min(left.TotalMilliseconds, LongestWait.TotalMilliseconds));
        _timer.Change(TimeSpan.FromMilliseconds(Math.Max(wait, 1)), Timeout.InfiniteTimeSpan);
    }

    private void CheckGuarded() => Guarded.Run(CheckClock, _logger);

    private void CheckClock()
    {
        if (_end - _time.GetUtcNow() is var left && left > TimeSpan.Zero)
        {
            SetTimer(left);
            return;
        }

        Guarded.Run(_close, _logger);
        // Log last: a log provider can throw.
        Log.LifetimeOver(_logger);
    }
}
