using ServerSentEvents.Internal.Compatibility;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>A checked copy of <see cref="PublisherOptions"/>.</summary>
internal sealed class PublisherSettings
{
    /// <summary>The longest time that a timer takes.</summary>
    private static readonly TimeSpan LongestTimer = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    private readonly int _queueCapacity;
    private readonly long _queueCapacityBytes;
    private readonly QueueOverflow _queueOverflow;

    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    internal PublisherSettings(PublisherOptions options)
    {
        const string name = nameof(options);
        _queueCapacity = CheckedCapacity(options.QueueCapacity, name);
        _queueCapacityBytes = CheckedCapacityBytes(options.QueueCapacityBytes, name);
        _queueOverflow = CheckedOverflow(options.QueueOverflow, name);
        if (options.MaxEventBytes is < 1 or > PublisherOptions.LargestMaxEventBytes)
            throw new ArgumentOutOfRangeException(name, options.MaxEventBytes, "MaxEventBytes must be from 1 to 536,870,912.");
        MaxEventBytes = options.MaxEventBytes;
        LingerTimeout = CheckedTimer(options.LingerTimeout, nameof(options.LingerTimeout), name)!.Value;
        if (options.HistoryCapacity < 0)
            throw new ArgumentOutOfRangeException(name, options.HistoryCapacity, "HistoryCapacity cannot be negative.");
        HistoryCapacity = options.HistoryCapacity;
        HistoryMaxAge = CheckedAboveZero(options.HistoryMaxAge, nameof(options.HistoryMaxAge), name);
        HeartbeatInterval = CheckedTimer(options.HeartbeatInterval, nameof(options.HeartbeatInterval), name);
        Reconnection = new ReconnectionTime(
            CheckedNotNegative(options.ReconnectionInterval, nameof(options.ReconnectionInterval), name),
            CheckedNotNegative(options.ReconnectionJitter, nameof(options.ReconnectionJitter), name).GetValueOrDefault());
        TimeProvider = options.TimeProvider ?? throw new ArgumentNullException(name, "TimeProvider cannot be null.");
    }

    internal TimeProvider TimeProvider { get; }

    internal ReconnectionTime Reconnection { get; }

    internal int MaxEventBytes { get; }

    internal TimeSpan LingerTimeout { get; }

    internal int HistoryCapacity { get; }

    internal TimeSpan? HistoryMaxAge { get; }

    internal TimeSpan? HeartbeatInterval { get; }

    /// <summary>Returns the time as a timestamp; 0 where neither heartbeats nor a history need it. Call outside every lock.</summary>
    internal long Now() => HistoryCapacity > 0 || HeartbeatInterval is not null ? TimeProvider.GetTimestamp() : 0;

    internal long Ticks(TimeSpan duration) => TimeProvider.ToTimestampTicks(duration);

    /// <summary>Makes a queue with a subscriber's own settings, or else with these.</summary>
    /// <exception cref="ArgumentException">A value of the subscriber is out of its range.</exception>
    internal SubscriptionQueue NewQueue(int? capacity, long? capacityBytes, QueueOverflow? overflow, string paramName) => new(
        capacity is { } ownCapacity ? CheckedCapacity(ownCapacity, paramName) : _queueCapacity,
        capacityBytes is { } ownBytes ? CheckedCapacityBytes(ownBytes, paramName) : _queueCapacityBytes,
        overflow is { } ownOverflow ? CheckedOverflow(ownOverflow, paramName) : _queueOverflow);

    private static int CheckedCapacity(int capacity, string paramName) => capacity >= 1
        ? capacity
        : throw new ArgumentOutOfRangeException(paramName, capacity, "QueueCapacity must be at least 1.");

    private static long CheckedCapacityBytes(long capacity, string paramName) => capacity >= 1
        ? capacity
        : throw new ArgumentOutOfRangeException(paramName, capacity, "QueueCapacityBytes must be at least 1.");

    private static QueueOverflow CheckedOverflow(QueueOverflow overflow, string paramName) =>
        overflow is QueueOverflow.Disconnect or QueueOverflow.DropOldest or QueueOverflow.DropNewest
            ? overflow
            : throw new ArgumentOutOfRangeException(paramName, overflow, "QueueOverflow must be one of the three named values.");

    private static TimeSpan? CheckedTimer(TimeSpan? duration, string name, string paramName) =>
        CheckedAboveZero(duration, name, paramName) > LongestTimer
            ? throw new ArgumentOutOfRangeException(paramName, duration, $"{name} is longer than a timer can be.")
            : duration;

    private static TimeSpan? CheckedAboveZero(TimeSpan? duration, string name, string paramName) => duration <= TimeSpan.Zero
        ? throw new ArgumentOutOfRangeException(paramName, duration, $"{name} must be above zero.")
        : duration;

    private static TimeSpan? CheckedNotNegative(TimeSpan? duration, string name, string paramName) => duration < TimeSpan.Zero
        ? throw new ArgumentOutOfRangeException(paramName, duration, $"{name} cannot be negative.")
        : duration;
}
