using Microsoft.Extensions.Logging;

namespace ServerSentEvents.Backplane;

/// <summary>Settings of a <see cref="StreamPublisher"/> that all brokers share.</summary>
/// <remarks>
/// The publisher checks and copies the options once, when it is created. A value outside its range throws an
/// <see cref="ArgumentException"/> there. Do not change an instance from several threads at the same time.
/// </remarks>
public abstract class StreamPublisherOptions
{
    /// <summary>
    /// The time that <c>PublishAsync</c> waits for the broker's confirmation, from 1 millisecond to about 24 days. The default is
    /// 30 seconds.
    /// </summary>
    /// <remarks>
    /// After this time, also in an outage, <c>PublishAsync</c> throws a <see cref="TimeoutException"/>. The time can be up to a
    /// tenth longer. <c>ConnectAsync</c>, and an application that starts, wait for the broker for the same time.
    /// </remarks>
    public TimeSpan PublishTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The largest encoded event, in bytes, from 1,024 to 16,777,216 (16 MiB). The default is 262,144 (256 KiB).
    /// </summary>
    /// <remarks>
    /// <para>The bytes are those of the data, type, id and channel names in UTF-8, 5 for each of these, 30, and 13 for a
    /// reconnection interval. Nodes deliver larger events of other nodes.</para>
    /// <para>This is not <see cref="PublisherOptions.MaxEventBytes"/> of the publisher, which bounds the event on the wire.</para>
    /// </remarks>
    public int MaxEventBytes { get; set; } = 256 << 10;

    /// <summary>
    /// The factory of the logger, whose category is <c>ServerSentEvents.Backplane</c>. The default is null: nothing is logged. In a
    /// container, the registered factory is used.
    /// </summary>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>
    /// The source of the time and of timers. The default is <see cref="TimeProvider.System"/>. In a container, the registered one is
    /// used, if there is one. Null is refused.
    /// </summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;
}
