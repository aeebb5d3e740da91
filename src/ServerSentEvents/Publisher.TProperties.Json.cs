using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents;

/// <content>Members that publish JSON.</content>
public partial class Publisher<TProperties>
{
    /// <summary>Publishes a value as JSON.</summary>
    /// <typeparam name="T">The type of the value, as the serializer sees it.</typeparam>
    /// <param name="value">The value. A value that is null is sent as <c>null</c>. A delegate is refused.</param>
    /// <param name="typeInfo">The type information, usually of a source-generated <c>JsonSerializerContext</c>.</param>
    /// <param name="channels">
    /// The channels to publish to. A subscriber of several of them gets the event once. The default is
    /// <see cref="DefaultChannel"/>.
    /// </param>
    /// <param name="eventType">
    /// The type, or null for <c>message</c>, the default of clients. The rules of
    /// <see cref="Publish(System.Net.ServerSentEvents.SseItem{string}, ChannelNames)"/> apply to the type and to the id.
    /// </param>
    /// <param name="eventId">The id, or null for none. With a history, an event without an id gets a generated one.</param>
    /// <returns>The number of queues that took the event, 0 or more.</returns>
    /// <remarks>
    /// <para>The value is serialized once, for all subscribers, straight to UTF-8, on this thread, outside every lock.
    /// Later changes of the value have no effect.</para>
    /// <para>The JSON is always one <c>data:</c> line. Options that add line ends, such as
    /// <see cref="JsonSerializerOptions.WriteIndented"/>, are ignored. A line end in raw JSON of a converter becomes a
    /// space. The other options apply, such as the encoder and the largest depth.</para>
    /// <para>Serialization stops soon after the JSON has become larger than
    /// <see cref="PublisherOptions.MaxEventBytes"/>.</para>
    /// </remarks>
    /// <exception cref="ArgumentException">
    /// The value is a delegate, or the type information is null. The type or the id has characters that are not allowed, or
    /// the id is too long. The event is larger than <see cref="PublisherOptions.MaxEventBytes"/>. A channel name is null or
    /// empty.
    /// </exception>
    /// <exception cref="JsonException">The value contains a cycle, or is too deep. Nothing was published.</exception>
    /// <exception cref="NotSupportedException">
    /// The serializer does not support a type of the value. Nothing was published. Other exceptions of converters and
    /// properties come back unchanged as well.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed.</exception>
    /// <exception cref="AggregateException">
    /// A handler of <see cref="Unsubscribed"/> or a <see cref="SubscribeOptions{TProperties}.ConflationKey"/> threw. Everything
    /// else was done first.
    /// </exception>
    /// <example>
    /// <code>
    /// using System.Text.Json.Serialization;
    /// using ServerSentEvents;
    ///
    /// using var publisher = new Publisher();
    /// publisher.PublishJson(new Message("Ann", "hello"), AppJson.Default.Message, "chat", eventType: "message");
    ///
    /// record Message(string From, string Text);
    ///
    /// [JsonSerializable(typeof(Message))]
    /// partial class AppJson : JsonSerializerContext;
    /// </code>
    /// </example>
    public int PublishJson<T>(
        T value,
        JsonTypeInfo<T> typeInfo,
        ChannelNames channels = default,
        string? eventType = null,
        string? eventId = null)
    {
        ArgumentNullException.ThrowIfNull(typeInfo);
        ThrowIfInvalid(eventType, eventId);
        return _core.Send(NewFrame(value, typeInfo, eventType, eventId, nameof(value)), channels);
    }

    /// <summary>Publishes a value as JSON, with type information that is made at run time.</summary>
    /// <typeparam name="T">The type of the value, as the serializer sees it.</typeparam>
    /// <param name="value">The value. A value that is null is sent as <c>null</c>. A delegate is refused.</param>
    /// <param name="channels">
    /// The channels to publish to. A subscriber of several of them gets the event once. The default is
    /// <see cref="DefaultChannel"/>.
    /// </param>
    /// <param name="eventType">
    /// The type, or null for <c>message</c>, the default of clients. The rules of
    /// <see cref="Publish(System.Net.ServerSentEvents.SseItem{string}, ChannelNames)"/> apply to the type and to the id.
    /// </param>
    /// <param name="eventId">The id, or null for none. With a history, an event without an id gets a generated one.</param>
    /// <param name="options">
    /// The options, or null for <see cref="JsonSerializerOptions.Default"/>, which keeps the names of properties as they
    /// are. For camelCase names pass <c>JsonSerializerOptions.Web</c>. Options are read-only after their first use. Create
    /// them once: the serializer keeps its type information with them.
    /// </param>
    /// <inheritdoc cref="PublishJson{T}(T, JsonTypeInfo{T}, ChannelNames, string, string)" path="/returns"/>
    /// <inheritdoc cref="PublishJson{T}(T, JsonTypeInfo{T}, ChannelNames, string, string)" path="/remarks"/>
    /// <inheritdoc cref="PublishJson{T}(T, JsonTypeInfo{T}, ChannelNames, string, string)" path="/exception"/>
    /// <example>
    /// <code>
    /// using ServerSentEvents;
    ///
    /// using var publisher = new Publisher();
    /// publisher.PublishJson(new { From = "Ann", Text = "hello" }, "chat");
    /// </code>
    /// </example>
    [RequiresUnreferencedCode(JsonLine.NotForTrimming)]
    [RequiresDynamicCode(JsonLine.NotForTrimming)]
    public int PublishJson<T>(
        T value,
        ChannelNames channels = default,
        string? eventType = null,
        string? eventId = null,
        JsonSerializerOptions? options = null)
    {
        JsonLine.ThrowIfFunction(value, nameof(value));
        return PublishJson(value, JsonLine.TypeInfo<T>(options), channels, eventType, eventId);
    }

    /// <summary>Publishes to each subscriber, as JSON, the value that a function makes from its properties.</summary>
    /// <typeparam name="T">The type of the values, as the serializer sees it.</typeparam>
    /// <param name="value">A function that makes a subscriber's value. If it returns null, that subscriber gets nothing.</param>
    /// <param name="typeInfo">The type information, usually of a source-generated <c>JsonSerializerContext</c>.</param>
    /// <param name="channels">
    /// The channels to publish to. A subscriber of several of them gets one event. The default is
    /// <see cref="DefaultChannel"/>.
    /// </param>
    /// <param name="eventType">
    /// The type, or null for <c>message</c>, the default of clients. It cannot contain CR or LF.
    /// </param>
    /// <returns>The number of queues that took an event, 0 or more.</returns>
    /// <remarks>
    /// <para>The function runs, and its result is serialized, once for each subscriber, on this thread only, outside every
    /// lock. This includes subscribers that join while it runs. If this fails for one subscriber, the others still get
    /// theirs.</para>
    /// <para>With a history, the publisher keeps the function, not its results, as long as it keeps the event. What the function
    /// refers to stays in memory. For a client that resumes, the function runs again, on the thread that calls <c>Subscribe</c>. So
    /// it can run on several threads at the same time.</para>
    /// <para>The JSON of each event is one line, and has the same limits as with
    /// <see cref="PublishJson{T}(T, JsonTypeInfo{T}, ChannelNames, string, string)"/>.</para>
    /// </remarks>
    /// <exception cref="ArgumentException">
    /// The function or the type information is null, the event type has characters that are not allowed, or a channel name
    /// is null or empty.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed.</exception>
    /// <exception cref="AggregateException">
    /// The function, the serializer, a handler of <see cref="Unsubscribed"/> or a
    /// <see cref="SubscribeOptions{TProperties}.ConflationKey"/> threw, or an event was too large. The exception contains all
    /// failures. Everything else was done first.
    /// </exception>
    /// <example>
    /// <code>
    /// using System.Text.Json.Serialization;
    /// using ServerSentEvents;
    ///
    /// using var publisher = new Publisher&lt;User&gt;();
    /// publisher.PublishJson(
    ///     user => user.IsAdmin ? new Warning("The disk is nearly full") : null, AppJson.Default.Warning, "inbox");
    ///
    /// record User(string Name, bool IsAdmin);
    ///
    /// record Warning(string Text);
    ///
    /// [JsonSerializable(typeof(Warning))]
    /// partial class AppJson : JsonSerializerContext;
    /// </code>
    /// </example>
    // A delegate that is not a lambda fits the overload for values as well.
    [OverloadResolutionPriority(1)]
    public int PublishJson<T>(
        Func<TProperties, T?> value, JsonTypeInfo<T> typeInfo, ChannelNames channels = default, string? eventType = null)
        where T : class
    {
        if (value is null)
        {
            throw new ArgumentNullException(
                nameof(value), "The function is null. To send null as JSON, cast it to the type of the value.");
        }

        ArgumentNullException.ThrowIfNull(typeInfo);
        EventValidator.ThrowIfInvalidType(eventType, nameof(eventType));
        return _core.SendPersonalized(
            (TProperties properties, ref LastFrame _) =>
                value(properties) is { } own ? NewFrame(own, typeInfo, eventType, eventId: null, nameof(value)) : null,
            channels);
    }

    /// <summary>
    /// Publishes to each subscriber, as JSON, the value that a function makes from its properties, with type information
    /// that is made at run time.
    /// </summary>
    /// <typeparam name="T">The type of the values, as the serializer sees it.</typeparam>
    /// <param name="value">A function that makes a subscriber's value. If it returns null, that subscriber gets nothing.</param>
    /// <param name="channels">
    /// The channels to publish to. A subscriber of several of them gets one event. The default is
    /// <see cref="DefaultChannel"/>.
    /// </param>
    /// <param name="eventType">
    /// The type, or null for <c>message</c>, the default of clients. It cannot contain CR or LF.
    /// </param>
    /// <param name="options">
    /// The options, or null for <see cref="JsonSerializerOptions.Default"/>, which keeps the names of properties as they
    /// are. For camelCase names pass <c>JsonSerializerOptions.Web</c>. Options are read-only after their first use. Create
    /// them once: the serializer keeps its type information with them.
    /// </param>
    /// <inheritdoc cref="PublishJson{T}(Func{TProperties, T}, JsonTypeInfo{T}, ChannelNames, string)" path="/returns"/>
    /// <inheritdoc cref="PublishJson{T}(Func{TProperties, T}, JsonTypeInfo{T}, ChannelNames, string)" path="/remarks"/>
    /// <exception cref="NotSupportedException">The resolver of the options does not know the type. Nothing was published.</exception>
    /// <inheritdoc cref="PublishJson{T}(Func{TProperties, T}, JsonTypeInfo{T}, ChannelNames, string)" path="/exception"/>
    /// <example>
    /// <code>
    /// using ServerSentEvents;
    ///
    /// using var publisher = new Publisher&lt;User&gt;();
    /// publisher.PublishJson(user => user.IsAdmin ? new { Warning = "The disk is nearly full" } : null, "inbox");
    ///
    /// record User(string Name, bool IsAdmin);
    /// </code>
    /// </example>
    [RequiresUnreferencedCode(JsonLine.NotForTrimming)]
    [RequiresDynamicCode(JsonLine.NotForTrimming)]
    [OverloadResolutionPriority(1)]
    public int PublishJson<T>(
        Func<TProperties, T?> value,
        ChannelNames channels = default,
        string? eventType = null,
        JsonSerializerOptions? options = null)
        where T : class =>
        PublishJson(value, JsonLine.TypeInfo<T>(options), channels, eventType);

    private Frame NewFrame<T>(T value, JsonTypeInfo<T> typeInfo, string? eventType, string? eventId, string paramName)
    {
        JsonLine.ThrowIfFunction(value, paramName);
        var maxBytes = _core.Settings.MaxEventBytes;
        using var json = JsonLine.Serialize(value, typeInfo, maxBytes, paramName);
        return Frame.ForLine(json.Utf8, eventType, eventId, maxBytes, paramName);
    }
}
