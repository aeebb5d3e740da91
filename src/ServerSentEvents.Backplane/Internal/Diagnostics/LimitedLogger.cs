using Microsoft.Extensions.Logging;

namespace ServerSentEvents.Backplane.Internal.Diagnostics;

/// <summary>
/// The log of the application. It gets at most <see cref="MaxEntries"/> entries of each kind in a minute. A logger that throws
/// loses an entry, and does not stop the backplane.
/// </summary>
internal sealed class LimitedLogger(ILogger logger, TimeProvider time) : ILogger
{
    /// <summary>The largest number of entries with one event id in a minute.</summary>
    internal const int MaxEntries = 10;

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();

    /// <summary>The entries of the last minute, by event id. Guarded by <see cref="_gate"/>.</summary>
    private readonly Dictionary<int, (long Start, int Count)> _recent = [];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <summary>Returns true. <see cref="Log"/> asks the application's logger, and catches its exceptions.</summary>
    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        try
        {
            if (!logger.IsEnabled(logLevel) || !TryCount(eventId.Id, out var leftOut))
                return;
            logger.Log(logLevel, eventId, state, exception, formatter);
            if (leftOut > 0)
                Diagnostics.Log.LeftOut(logger, leftOut, eventId.Id);
        }
        catch (Exception)
        {
            // There is no other place to report it.
        }
    }

    /// <summary>Counts an entry, and returns false if there were too many of its kind in this minute.</summary>
    /// <param name="id">The event id.</param>
    /// <param name="leftOut">The number of entries that were left out in the minute before this one.</param>
    private bool TryCount(int id, out int leftOut)
    {
        var now = time.GetTimestamp();
        leftOut = 0;
        lock (_gate)
        {
            var (start, count) = _recent.GetValueOrDefault(id, (now, 0));
            if (time.GetElapsedTime(start, now) >= Minute)
            {
                leftOut = Math.Max(0, count - MaxEntries);
                (start, count) = (now, 0);
            }

            _recent[id] = (start, ++count);
            return count <= MaxEntries;
        }
    }
}
