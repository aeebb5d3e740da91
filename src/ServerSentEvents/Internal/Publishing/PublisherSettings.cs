using System.Net.ServerSentEvents;
using ServerSentEvents.Internal.Compatibility;
using ServerSentEvents.Internal.Events;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>A checked copy of <see cref="PublisherOptions"/>.</summary>
internal sealed class PublisherSettings
{
    /// <summary>The longest time that a timer accepts: about 49.7 days.</summary>
    private static readonly TimeSpan LongestTimer = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    internal PublisherSettings(PublisherOptions options)
    {
        const string name = nameof(options);
        if (options.MaxEventBytes is < 1 or > PublisherOptions.LargestMaxEventBytes)
            throw new ArgumentOutOfRangeException(name, options.MaxEventBytes, "MaxEventBytes must be from 1 to 536,870,912.");
        MaxEventBytes = options.MaxEventBytes;
        GapFrame = options.GapEvent is { } gap ? CheckedGap(gap, MaxEventBytes, name) : null;
        DefaultQueueLimits = Checked(new(options.QueueCapacity, options.QueueCapacityBytes, options.QueueOverflow, GapFrame), name);
        if (options.MaxSubscribers < 1)
            throw new ArgumentOutOfRangeException(name, options.MaxSubscribers, "MaxSubscribers must be at least 1, or null.");
        MaxSubscribers = options.MaxSubscribers ?? int.MaxValue;
        LingerTimeout = CheckedTimer(options.LingerTimeout, nameof(options.LingerTimeout), name)!.Value;
        if (options.HistoryCapacity < 0)
            throw new ArgumentOutOfRangeException(name, options.HistoryCapacity, "HistoryCapacity cannot be negative.");
        HistoryCapacity = options.HistoryCapacity;
        if (options.HistoryCapacityBytes < 1)
            throw new ArgumentOutOfRangeException(name, options.HistoryCapacityBytes, "HistoryCapacityBytes must be at least 1.");
        HistoryCapacityBytes = options.HistoryCapacityBytes;
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

    /// <summary>The event that shows a gap to a client; null for none.</summary>
    internal Frame? GapFrame { get; }

    /// <summary>The bounds of a queue without individual bounds.</summary>
    internal QueueLimits DefaultQueueLimits { get; }

    internal int MaxSubscribers { get; }

    internal TimeSpan LingerTimeout { get; }

    internal int HistoryCapacity { get; }

    internal long HistoryCapacityBytes { get; }

    internal TimeSpan? HistoryMaxAge { get; }

    internal TimeSpan? HeartbeatInterval { get; }

    /// <summary>
    /// Returns the time as a timestamp; 0 if neither heartbeats nor a history need it. Call outside every lock.
    /// </summary>
    internal long Now() => HistoryCapacity > 0 || HeartbeatInterval is not null ? TimeProvider.GetTimestamp() : 0;

    internal long Ticks(TimeSpan duration) => TimeProvider.ToTimestampTicks(duration);

    /// <summary>Returns the bounds of a subscriber's queue: its own values, or else those of the publisher.</summary>
    /// <exception cref="ArgumentException">A value of the subscriber is out of its range.</exception>
    internal QueueLimits QueueLimits(int? capacity, long? capacityBytes, QueueOverflow? overflow, string paramName) =>
        (capacity, capacityBytes, overflow) is (null, null, null)
            ? DefaultQueueLimits
            : Checked(
                new(
                    capacity ?? DefaultQueueLimits.Capacity,
                    capacityBytes ?? DefaultQueueLimits.CapacityBytes,
                    overflow ?? DefaultQueueLimits.Overflow,
                    GapFrame),
                paramName);

    private static QueueLimits Checked(QueueLimits limits, string paramName)
    {
        if (limits.Capacity < 1)
            throw new ArgumentOutOfRangeException(paramName, limits.Capacity, "QueueCapacity must be at least 1.");
        if (limits.CapacityBytes < 1)
            throw new ArgumentOutOfRangeException(paramName, limits.CapacityBytes, "QueueCapacityBytes must be at least 1.");
        if (limits.Overflow is not (QueueOverflow.Disconnect or QueueOverflow.DropOldest or QueueOverflow.DropNewest))
        {
            throw new ArgumentOutOfRangeException(
                paramName, limits.Overflow, "QueueOverflow must be one of the three named values.");
        }

        return limits;
    }

    private static Frame CheckedGap(in SseItem<string> gap, int maxEventBytes, string paramName) => gap.EventId is null
        ? Frame.ForItem(gap, maxEventBytes, paramName)
        : throw new ArgumentException("GapEvent cannot have an id: it is not an event that a client can resume from.", paramName);

    private static TimeSpan? CheckedTimer(TimeSpan? duration, string name, string paramName) =>
        CheckedAboveZero(duration, name, paramName) > LongestTimer
            ? throw new ArgumentOutOfRangeException(
                paramName, duration, $"{name} must be at most 4,294,967,294 milliseconds (about 49 days), the limit of timers.")
            : duration;

    private static TimeSpan? CheckedAboveZero(TimeSpan? duration, string name, string paramName) => duration <= TimeSpan.Zero
        ? throw new ArgumentOutOfRangeException(paramName, duration, $"{name} must be above zero.")
        : duration;

    private static TimeSpan? CheckedNotNegative(TimeSpan? duration, string name, string paramName) => duration < TimeSpan.Zero
        ? throw new ArgumentOutOfRangeException(paramName, duration, $"{name} cannot be negative.")
        : duration;
}
