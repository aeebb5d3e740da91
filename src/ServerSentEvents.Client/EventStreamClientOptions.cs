using Microsoft.Extensions.Logging;
using ServerSentEvents.Client.Internal;

namespace ServerSentEvents.Client;

/// <summary>Settings of an <see cref="EventStreamClient"/>.</summary>
/// <remarks>
/// <para>The constructor of the client checks and copies the options. Later changes have no effect on that client. A value outside
/// its range makes the constructor throw an <see cref="ArgumentException"/>.</para>
/// <para>The functions run on the thread that asks for the next event, or on a thread of the pool, and one at a time for each
/// enumeration. An exception of a function ends the enumeration, which throws it.</para>
/// <para>Do not change an instance from several threads at the same time.</para>
/// </remarks>
/// <example>
/// <code>
/// using ServerSentEvents.Client;
///
/// using var http = new HttpClient();
/// var client = new EventStreamClient(http, new EventStreamClientOptions
/// {
///     ReconnectionInterval = TimeSpan.FromSeconds(1),
///     ShouldReconnect = end => end.IsTemporary &amp;&amp; end.FailedAttempts &lt; 10,
///     Disconnected = end => Console.WriteLine(end.Delay is { } delay ? $"{end.Message} Next attempt in {delay}." : end.Message),
/// });
/// </code>
/// </example>
public sealed class EventStreamClientOptions
{
    /// <summary>The shortest reconnection interval, so that no server makes a client spin.</summary>
    internal static readonly TimeSpan ShortestInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest interval, also if a server asks for more. A wait is up to half of it longer.</summary>
    internal static readonly TimeSpan LongestInterval = TimeSpan.FromHours(24);

    /// <summary>
    /// The id that the first request of each enumeration sends as <c>Last-Event-ID</c>. The default is null: none is sent.
    /// </summary>
    /// <remarks>
    /// To continue after a restart of the application, store <c>EventId</c> of each event after it was processed. The id must be
    /// visible ASCII characters, with spaces only between them, at most 4,096 characters. Other ids are refused, so do not store
    /// them. Null and an empty id mean the same.
    /// </remarks>
    public string? LastEventId { get; set; }

    /// <summary>
    /// The time before the client reconnects, from 100 milliseconds to 24 hours. The default is 3 seconds, as in browsers.
    /// </summary>
    /// <remarks>
    /// A <c>retry:</c> of the server replaces it until the enumeration ends. A <c>retry:</c> below 100 milliseconds counts as 100
    /// milliseconds, and one above 24 hours as 24 hours. Up to half of the interval is added at random.
    /// </remarks>
    public TimeSpan ReconnectionInterval { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// The longest wait between attempts without progress, from 100 milliseconds to 24 hours. The default is one minute.
    /// </summary>
    /// <remarks>
    /// It limits the growth of the waits only. A longer reconnection interval, <c>retry:</c> or <c>Retry-After</c> is honored, up to
    /// 24 hours.
    /// </remarks>
    public TimeSpan MaxReconnectionInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// The time without a received byte after which the client reconnects: above zero, at most about 24 days
    /// (<see cref="int.MaxValue"/> milliseconds), or <see cref="Timeout.InfiniteTimeSpan"/> for no limit. The default is 60 seconds.
    /// </summary>
    /// <remarks>
    /// <para>It applies to the stream, and to the time from the start of the request to the headers: name resolution, the connection,
    /// the upload of a body, and retries of handlers count. Heartbeats are comments, and count. Set at least two heartbeat intervals of
    /// the server; the standard suggests 15 seconds for one (WHATWG HTML, 9.2.7). The time in which the reader processes an event does
    /// not count.</para>
    /// <para>If the server sends neither heartbeats nor ids, raise the value or switch it off: events that are published while the client
    /// reconnects are lost.</para>
    /// </remarks>
    public TimeSpan StallTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// The largest number of bytes that the client holds for one event, from 1 to 536,870,912 (512 MiB). The default is 16 MiB
    /// (16,777,216 bytes).
    /// </summary>
    /// <remarks>
    /// The bytes are those of the event's data, type and id, and of the line that is being received. A larger event ends the
    /// enumeration with an <see cref="EventStreamException"/>. It is not a temporary failure, because a server that resumes would
    /// send the same event again. One stream can take about five times this value of memory: buffers, and the text of this event and
    /// of the one before.
    /// </remarks>
    public int MaxEventBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>
    /// A function that decides whether the client reconnects after an attempt has ended. The default is null:
    /// <see cref="EventStreamDisconnection.IsTemporary"/> decides.
    /// </summary>
    /// <remarks>
    /// If it returns false, the enumeration ends: without an exception after <see cref="EventStreamEndReason.EndOfStream"/>, else with
    /// one. It is not called after <see cref="EventStreamEndReason.NoContent"/>.
    /// </remarks>
    public Func<EventStreamDisconnection, bool>? ShouldReconnect { get; set; }

    /// <summary>
    /// A function that is called when the headers of an event stream have arrived. The default is null.
    /// </summary>
    public Action<EventStreamConnection>? Connected { get; set; }

    /// <summary>
    /// A function that is called when an attempt has ended and the client has decided what follows. The default is null.
    /// </summary>
    /// <remarks>It is not called when the reader leaves the loop or cancels it.</remarks>
    public Action<EventStreamDisconnection>? Disconnected { get; set; }

    /// <summary>
    /// The factory of the logger, whose category is <c>ServerSentEvents.Client</c>. The default is null: nothing is logged.
    /// </summary>
    /// <remarks>Logs name addresses without their query, which may contain secrets.</remarks>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>The source of the time and of timers. The default is <see cref="TimeProvider.System"/>.</summary>
    /// <remarks>Null is refused.</remarks>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Returns a checked copy. An empty last event id becomes null.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    internal EventStreamClientOptions CheckedCopy(string paramName)
    {
        var copy = (EventStreamClientOptions)MemberwiseClone();
        if (string.IsNullOrEmpty(copy.LastEventId))
            copy.LastEventId = null;
        if (!EventParser.CanBeSent(copy.LastEventId))
        {
            throw new ArgumentException(
                "LastEventId must be visible ASCII characters, with spaces only between them, at most 4,096: a header has to carry it.",
                paramName);
        }

        CheckInterval(copy.ReconnectionInterval, nameof(ReconnectionInterval));
        CheckInterval(copy.MaxReconnectionInterval, nameof(MaxReconnectionInterval));
        Check(
            copy.StallTimeout == Timeout.InfiniteTimeSpan
                || (copy.StallTimeout > TimeSpan.Zero && copy.StallTimeout.TotalMilliseconds <= int.MaxValue),
            copy.StallTimeout,
            "StallTimeout must be above zero and at most 2,147,483,647 milliseconds, or Timeout.InfiniteTimeSpan.");
        Check(copy.MaxEventBytes is >= 1 and <= 512 * 1024 * 1024, copy.MaxEventBytes, "MaxEventBytes must be from 1 to 536,870,912.");
        return copy.TimeProvider is null ? throw new ArgumentNullException(paramName, "TimeProvider cannot be null.") : copy;

        void CheckInterval(TimeSpan interval, string name) => Check(
            interval >= ShortestInterval && interval <= LongestInterval, interval, $"{name} must be from 100 milliseconds to 24 hours.");

        void Check(bool isInRange, object value, string message)
        {
            if (!isInRange)
                throw new ArgumentOutOfRangeException(paramName, value, message);
        }
    }
}
