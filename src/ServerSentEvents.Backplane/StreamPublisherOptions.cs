using Microsoft.Extensions.Logging;

namespace ServerSentEvents.Backplane;

/// <summary>
/// The settings of a <see cref="StreamPublisher"/> that all brokers share. They are checked and copied once. Not safe to
/// change from several threads.
/// </summary>
public abstract class StreamPublisherOptions
{
    /// <summary>
    /// The time that <c>PublishAsync</c> waits for the broker's confirmation, also in an outage, before it throws a
    /// <see cref="TimeoutException"/>. It can be up to a tenth longer. <c>ConnectAsync</c>, and an application that starts, wait
    /// for the broker for the same time. From 1 millisecond to 24 days; the default is 30 seconds.
    /// </summary>
    public TimeSpan PublishTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The largest message that a single event may make, in bytes: its data, type, id and channel names in UTF-8, 5 bytes for
    /// each of these fields, and 30 bytes. Nodes deliver larger events of other nodes. From 1,024 to 16,777,216 (16 MiB); the
    /// default is 262,144 (256 KiB).
    /// </summary>
    public int MaxEventBytes { get; set; } = 256 << 10;

    /// <summary>The log for lost connections and lost messages; null, the default, for none. A container sets its own.</summary>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>The clock. The default is <see cref="TimeProvider.System"/>.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;
}
