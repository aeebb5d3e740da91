using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>What a publisher has copied from its <see cref="PublisherOptions"/>, checked.</summary>
internal sealed class PublisherSettings
{
    /// <summary>What <see cref="TimeProvider.CreateTimer"/> takes at the most, in whole milliseconds.</summary>
    private static readonly TimeSpan LongestTimer = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    private readonly int _queueCapacity;
    private readonly QueueOverflow _queueOverflow;

    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    internal PublisherSettings(PublisherOptions options)
    {
        _queueCapacity = CheckedCapacity(options.QueueCapacity, nameof(options));
        _queueOverflow = CheckedOverflow(options.QueueOverflow, nameof(options));
        HistoryCapacity = options.HistoryCapacity >= 0
            ? options.HistoryCapacity
            : throw new ArgumentOutOfRangeException(nameof(options), options.HistoryCapacity, "HistoryCapacity cannot be negative.");
        HistoryMaxAge = CheckedAboveZero(options.HistoryMaxAge, nameof(options.HistoryMaxAge), nameof(options));
        HeartbeatInterval = CheckedAboveZero(options.HeartbeatInterval, nameof(options.HeartbeatInterval), nameof(options));
        if (HeartbeatInterval > LongestTimer)
            throw new ArgumentOutOfRangeException(nameof(options), HeartbeatInterval, "HeartbeatInterval is longer than a timer can be.");
        Reconnection = new ReconnectionTime(
            CheckedNotNegative(options.ReconnectionInterval, nameof(options.ReconnectionInterval), nameof(options)),
            CheckedNotNegative(options.ReconnectionJitter, nameof(options.ReconnectionJitter), nameof(options)).GetValueOrDefault());
        TimeProvider = options.TimeProvider
            ?? throw new ArgumentNullException(nameof(options), "TimeProvider cannot be null.");
    }

    internal TimeProvider TimeProvider { get; }

    internal ReconnectionTime Reconnection { get; }

    internal int HistoryCapacity { get; }

    internal TimeSpan? HistoryMaxAge { get; }

    internal TimeSpan? HeartbeatInterval { get; }

    /// <summary>The time as a timestamp; 0 where nothing needs it. To be asked for outside every lock.</summary>
    internal long Now() => HistoryCapacity > 0 || HeartbeatInterval is not null ? TimeProvider.GetTimestamp() : 0;


    /// <summary>A queue with the subscriber's own settings, where it has them, or these.</summary>
    /// <exception cref="ArgumentException">A value of the subscriber's is out of its range.</exception>
    internal SubscriptionQueue NewQueue(int? capacity, QueueOverflow? overflow, string paramName) =>
        new(
            capacity is { } ownCapacity ? CheckedCapacity(ownCapacity, paramName) : _queueCapacity,
            overflow is { } ownOverflow ? CheckedOverflow(ownOverflow, paramName) : _queueOverflow);

    private static int CheckedCapacity(int capacity, string paramName) => capacity >= 1
        ? capacity
        : throw new ArgumentOutOfRangeException(paramName, capacity, "QueueCapacity must be at least 1.");

    private static QueueOverflow CheckedOverflow(QueueOverflow overflow, string paramName) =>
        overflow is QueueOverflow.Disconnect or QueueOverflow.DropOldest or QueueOverflow.DropNewest
            ? overflow
            : throw new ArgumentOutOfRangeException(paramName, overflow, "QueueOverflow must be one of the three named values.");

    private static TimeSpan? CheckedAboveZero(TimeSpan? duration, string name, string paramName) => duration <= TimeSpan.Zero
        ? throw new ArgumentOutOfRangeException(paramName, duration, $"{name} must be above zero, or null.")
        : duration;

    private static TimeSpan? CheckedNotNegative(TimeSpan? duration, string name, string paramName) => duration < TimeSpan.Zero
        ? throw new ArgumentOutOfRangeException(paramName, duration, $"{name} cannot be negative.")
        : duration;
}
