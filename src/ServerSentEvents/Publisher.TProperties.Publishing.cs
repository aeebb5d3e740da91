using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using ServerSentEvents.Internal.Compatibility;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents;

/// <content>Members that publish events and comments.</content>
public partial class Publisher<TProperties>
{
    /// <summary>Publishes text as an event.</summary>
    /// <param name="data">
    /// The data. It can be empty. Each of its lines, separated by CR LF, CR or LF, becomes a <c>data:</c> line. A client
    /// joins the lines with LF. A lone surrogate becomes U+FFFD.
    /// </param>
    /// <param name="channels">
    /// The channels to publish to. A subscriber of several of them gets the event once. The default is
    /// <see cref="DefaultChannel"/>.
    /// </param>
    /// <param name="eventType">
    /// The type, or null for <c>message</c>, the default of clients. The rules of
    /// <see cref="Publish(SseItem{string}, ChannelNames)"/> apply to the type and to the id.
    /// </param>
    /// <param name="eventId">The id, or null for none. With a history, an event without an id gets a generated one.</param>
    /// <returns>The number of queues that took the event, 0 or more.</returns>
    /// <exception cref="ArgumentException">
    /// The data is null. The type or the id has characters that are not allowed, or the id is too long. The event is larger
    /// than <see cref="PublisherOptions.MaxEventBytes"/>. A channel name is null or empty.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed.</exception>
    /// <exception cref="AggregateException">
    /// A handler of <see cref="Unsubscribed"/> or a <see cref="SubscribeOptions{TProperties}.ConflationKey"/> threw. Everything
    /// else was done first.
    /// </exception>
    /// <example>
    /// <code>
    /// using ServerSentEvents;
    ///
    /// using var publisher = new Publisher();
    /// publisher.Publish("hello");
    /// publisher.Publish("shipped", ["orders", "audit"], eventType: "status", eventId: "order-17");
    /// </code>
    /// </example>
    public int Publish(string data, ChannelNames channels = default, string? eventType = null, string? eventId = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        ThrowIfInvalid(eventType, eventId);
        return _core.Send(NewFrame(new SseItem<string>(data, eventType).WithId(eventId), nameof(data)), channels);
    }

    /// <summary>Publishes an event with data and an optional type, id and reconnection interval.</summary>
    /// <param name="item">The event.</param>
    /// <param name="channels">
    /// The channels to publish to. A subscriber of several of them gets the event once. The default is
    /// <see cref="DefaultChannel"/>.
    /// </param>
    /// <returns>The number of queues that took the event, 0 or more.</returns>
    /// <remarks>
    /// <para><b>Data.</b> The data can be empty. Each of its lines, separated by CR LF, CR or LF, becomes a <c>data:</c>
    /// line. A client joins the lines with LF. A lone surrogate becomes U+FFFD.</para>
    /// <para><b>Type.</b> Any text without CR and LF. Avoid the types <c>open</c> and <c>error</c>: a browser's
    /// <c>EventSource</c> calls its handlers for the connection with them. No <c>event:</c> line is written for the type
    /// <c>message</c>, which is the default of clients (WHATWG HTML, 9.2.6).</para>
    /// <para><b>Id.</b> Visible ASCII characters (U+0021 to U+007E), with spaces only between them, at most 1,000
    /// characters: other ids could not come back in a <c>Last-Event-ID</c> header (WHATWG HTML, 9.2.4). An empty id is
    /// allowed; it clears the client's last event id. With a history, an event without an id gets a generated one.
    /// <see cref="PublisherOptions.HistoryCapacity"/> documents which ids must be unique.</para>
    /// <para><b>Reconnection interval.</b> Zero or more. It is sent in whole milliseconds, at most
    /// <see cref="int.MaxValue"/>. A value between zero and one millisecond becomes 1.</para>
    /// </remarks>
    /// <exception cref="ArgumentException">
    /// The data is null. The type or the id has characters that are not allowed, or the id is too long. The reconnection
    /// interval is negative. The event is larger than <see cref="PublisherOptions.MaxEventBytes"/>. A channel name is null or
    /// empty.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed.</exception>
    /// <exception cref="AggregateException">
    /// A handler of <see cref="Unsubscribed"/> or a <see cref="SubscribeOptions{TProperties}.ConflationKey"/> threw. Everything
    /// else was done first.
    /// </exception>
    public int Publish(SseItem<string> item, ChannelNames channels = default) =>
        _core.Send(NewFrame(item, nameof(item)), channels);

    /// <summary>Publishes the event before it returns.</summary>
    ValueTask IEventPublisher.PublishAsync(SseItem<string> item, ChannelNames channels, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return new ValueTask(Task.FromCanceled(cancellationToken));
        try
        {
            Publish(item, channels);
            return default;
        }
        catch (Exception exception)
        {
            return new ValueTask(Task.FromException(exception));
        }
    }

    /// <summary>Publishes to each subscriber the data that a function makes from its properties.</summary>
    /// <param name="data">A function that makes a subscriber's data. If it returns null, that subscriber gets nothing.</param>
    /// <param name="channels">
    /// The channels to publish to. A subscriber of several of them gets one event. The default is
    /// <see cref="DefaultChannel"/>.
    /// </param>
    /// <returns>The number of queues that took an event, 0 or more.</returns>
    /// <remarks>
    /// <para>The function runs once for each subscriber, on this thread only, outside every lock. This includes
    /// subscribers that join while it runs. If it throws for one subscriber, or makes an event that cannot be sent, the
    /// others still get theirs.</para>
    /// <para>With a history, the publisher keeps the function, not its results, as long as it keeps the event. What the function
    /// refers to stays in memory. For a client that resumes, the function runs again, on the thread that calls <c>Subscribe</c>. So
    /// it can run on several threads at the same time.</para>
    /// <para>A lambda that only returns null or throws uses this overload. With C# 12 or earlier it needs a cast:
    /// <c>(string?)null</c>.</para>
    /// </remarks>
    /// <exception cref="ArgumentException">The function is null, or a channel name is null or empty.</exception>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed.</exception>
    /// <exception cref="AggregateException">
    /// The function, a handler of <see cref="Unsubscribed"/> or a <see cref="SubscribeOptions{TProperties}.ConflationKey"/> threw.
    /// The exception contains all failures. Everything else was done first.
    /// </exception>
    public int Publish(Func<TProperties, string?> data, ChannelNames channels = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        var maxBytes = _core.Settings.MaxEventBytes;
        return _core.SendPersonalized(
            (TProperties properties, ref LastFrame last) =>
                data(properties) is { } own ? last.Of(new SseItem<string>(own), maxBytes, nameof(data)) : null,
            channels);
    }

    /// <summary>Publishes to each subscriber the event that a function makes from its properties.</summary>
    /// <param name="item">A function that makes a subscriber's event. If it returns null, that subscriber gets nothing.</param>
    /// <param name="channels">
    /// The channels to publish to. A subscriber of several of them gets one event. The default is
    /// <see cref="DefaultChannel"/>.
    /// </param>
    /// <returns>The number of queues that took an event, 0 or more.</returns>
    /// <remarks>
    /// <para>The function runs once for each subscriber, on this thread only, outside every lock. This includes
    /// subscribers that join while it runs. If it throws for one subscriber, or makes an event that cannot be sent, the
    /// others still get theirs.</para>
    /// <para>With a history, the publisher keeps the function, not its results, as long as it keeps the event. What the function
    /// refers to stays in memory. For a client that resumes, the function runs again, on the thread that calls <c>Subscribe</c>. So
    /// it can run on several threads at the same time.</para>
    /// <para>The rules of <see cref="Publish(SseItem{string}, ChannelNames)"/> apply to each event. A client can resume
    /// from an id that the function sets only if the function sets the same id for all subscribers that get an
    /// event.</para>
    /// </remarks>
    /// <inheritdoc cref="Publish(Func{TProperties, string?}, ChannelNames)" path="/exception"/>
    // A lambda that returns only null or throws fits both overloads. It then means text.
    [OverloadResolutionPriority(-1)]
    public int Publish(Func<TProperties, SseItem<string>?> item, ChannelNames channels = default)
    {
        ArgumentNullException.ThrowIfNull(item);
        return _core.SendPersonalized(MakerOf(item, _core.Settings.MaxEventBytes), channels);
    }

    /// <summary>Publishes a comment, which clients receive and ignore.</summary>
    /// <param name="comment">
    /// The text. It can be empty. Each of its lines, separated by CR LF, CR or LF, becomes a comment line.
    /// </param>
    /// <param name="channels">
    /// The channels to publish to. A subscriber of several of them gets the comment once. The default is
    /// <see cref="DefaultChannel"/>.
    /// </param>
    /// <returns>The number of queues that took the comment, 0 or more.</returns>
    /// <remarks>
    /// A comment is not an event (WHATWG HTML, 9.2.5): it gets no id and is not in the history, and
    /// <see cref="Subscription{TProperties}.AsItems"/> leaves it out. It takes a place in the queue.
    /// </remarks>
    /// <exception cref="ArgumentException">The comment is null or too large, or a channel name is null or empty.</exception>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed.</exception>
    /// <exception cref="AggregateException">
    /// A handler of <see cref="Unsubscribed"/> threw. Everything else was done first.
    /// </exception>
    public int PublishComment(string comment, ChannelNames channels = default)
    {
        ArgumentNullException.ThrowIfNull(comment);
        return _core.Send(Frame.ForComment(comment, _core.Settings.MaxEventBytes, nameof(comment)), channels);
    }

    private Frame NewFrame(in SseItem<string> item, string paramName) =>
        Frame.ForItem(item, _core.Settings.MaxEventBytes, paramName);

    private static FrameMaker<TProperties> MakerOf(Func<TProperties, SseItem<string>?> item, int maxBytes) =>
        (TProperties properties, ref LastFrame last) => item(properties) is { } own ? last.Of(own, maxBytes, nameof(item)) : null;

    private static void ThrowIfInvalid(string? eventType, string? eventId)
    {
        EventValidator.ThrowIfInvalidType(eventType, nameof(eventType));
        EventValidator.ThrowIfInvalidId(eventId, nameof(eventId));
    }
}
