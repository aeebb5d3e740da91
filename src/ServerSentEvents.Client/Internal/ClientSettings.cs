using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ServerSentEvents.Client.Internal;

/// <summary>A checked copy of <see cref="EventStreamClientOptions"/>.</summary>
internal sealed class ClientSettings
{
    /// <summary>The shortest reconnection interval, so that no server makes a client spin.</summary>
    internal static readonly TimeSpan ShortestInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest wait, also if a server asks for more.</summary>
    internal static readonly TimeSpan LongestInterval = TimeSpan.FromHours(24);

    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    internal ClientSettings(EventStreamClientOptions options)
    {
        const string name = nameof(options);
        LastEventId = options.LastEventId ?? "";
        if (!EventParser.CanBeSent(LastEventId))
        {
            throw new ArgumentException(
                "LastEventId must be visible ASCII and inner spaces, at most 4,096 characters: a header has to carry it.", name);
        }

        ReconnectionInterval = CheckedInterval(options.ReconnectionInterval, nameof(options.ReconnectionInterval), name);
        MaxReconnectionInterval = CheckedInterval(options.MaxReconnectionInterval, nameof(options.MaxReconnectionInterval), name);
        StallTimeout = options.StallTimeout;
        if (StallTimeout != Timeout.InfiniteTimeSpan && (StallTimeout <= TimeSpan.Zero || StallTimeout.TotalMilliseconds > int.MaxValue))
        {
            throw new ArgumentOutOfRangeException(
                name,
                StallTimeout,
                "StallTimeout must be above zero and at most 2,147,483,647 milliseconds, or Timeout.InfiniteTimeSpan.");
        }

        MaxEventBytes = options.MaxEventBytes is >= 1 and <= EventStreamClientOptions.LargestMaxEventBytes
            ? options.MaxEventBytes
            : throw new ArgumentOutOfRangeException(name, options.MaxEventBytes, "MaxEventBytes must be from 1 to 536,870,912.");
        TimeProvider = options.TimeProvider ?? throw new ArgumentNullException(name, "TimeProvider cannot be null.");
        ShouldReconnect = options.ShouldReconnect;
        Connected = options.Connected;
        Disconnected = options.Disconnected;
        Logger = options.LoggerFactory?.CreateLogger("ServerSentEvents.Client") ?? NullLogger.Instance;
    }

    /// <summary>The id of the first request; empty for none.</summary>
    internal string LastEventId { get; }

    internal TimeSpan ReconnectionInterval { get; }

    internal TimeSpan MaxReconnectionInterval { get; }

    internal TimeSpan StallTimeout { get; }

    internal int MaxEventBytes { get; }

    internal Func<EventStreamDisconnection, bool>? ShouldReconnect { get; }

    internal Action<EventStreamConnection>? Connected { get; }

    internal Action<EventStreamDisconnection>? Disconnected { get; }

    internal ILogger Logger { get; }

    internal TimeProvider TimeProvider { get; }

    private static TimeSpan CheckedInterval(TimeSpan interval, string name, string paramName) =>
        interval >= ShortestInterval && interval <= LongestInterval
            ? interval
            : throw new ArgumentOutOfRangeException(paramName, interval, $"{name} must be from 100 milliseconds to 24 hours.");
}
