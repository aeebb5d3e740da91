using System.Diagnostics.CodeAnalysis;
using System.Net.ServerSentEvents;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ServerSentEvents.Internal.Compatibility;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents;

/// <content>Methods for JSON.</content>
public static partial class EventPublisherExtensions
{
    /// <summary>Publishes a value as JSON.</summary>
    /// <typeparam name="T">The type of the value, as the serializer sees it.</typeparam>
    /// <param name="publisher">The publisher.</param>
    /// <param name="value">The value. A value that is null is sent as <c>null</c>. A delegate is refused.</param>
    /// <param name="typeInfo">The type information, usually of a source-generated <c>JsonSerializerContext</c>.</param>
    /// <param name="channels">
    /// The channels to publish to. A subscriber of several of them gets the event once. The default is
    /// <see cref="Publisher{TProperties}.DefaultChannel"/>.
    /// </param>
    /// <param name="eventType">
    /// The type, or null for <c>message</c>, the default of clients. The rules of
    /// <see cref="Publisher{TProperties}.Publish(SseItem{string}, ChannelNames)"/> apply to the type and to the id.
    /// </param>
    /// <param name="eventId">The id, or null for none. With a history, an event without an id gets a generated one.</param>
    /// <param name="cancellationToken">
    /// A token that stops the wait. An event that was already handed to a broker may still be published.
    /// </param>
    /// <returns>A task that completes when the event is published and this process can no longer lose it.</returns>
    /// <remarks>
    /// <para>The value is serialized on this thread, before this method returns. The subscribers get the same event as
    /// from <see cref="Publisher{TProperties}.PublishJson{T}(T, JsonTypeInfo{T}, ChannelNames, string, string)"/>: the
    /// JSON is always one <c>data:</c> line.</para>
    /// <para>JSON above 512 MiB is refused while it is serialized. Smaller limits of the publisher apply later.</para>
    /// </remarks>
    /// <exception cref="ArgumentException">
    /// The publisher or the type information is null, the value is a delegate, or the type or the id is invalid. In the
    /// task: the event is too large.
    /// </exception>
    /// <exception cref="JsonException">
    /// In the task: the value contains a cycle, or is too deep. Nothing was published.
    /// </exception>
    /// <exception cref="NotSupportedException">
    /// In the task: the serializer does not support a type of the value. Nothing was published. Other exceptions of
    /// converters and properties are in the task as well, unchanged.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The publisher has been disposed.</exception>
    /// <exception cref="TimeoutException">
    /// A backplane only: the broker did not confirm the event in time. The message says why, and whether the event may
    /// have been published.
    /// </exception>
    /// <exception cref="OperationCanceledException">
    /// The token was canceled. Without a backplane, the event was not published. With one, it may have been.
    /// </exception>
    /// <exception cref="AggregateException">
    /// The event was published on this node, and a handler of <see cref="Publisher{TProperties}.Unsubscribed"/> or a
    /// <see cref="SubscribeOptions{TProperties}.ConflationKey"/> threw.
    /// </exception>
    /// <example>
    /// <code>
    /// using System.Text.Json.Serialization;
    /// using ServerSentEvents;
    ///
    /// using var publisher = new Publisher();
    /// IEventPublisher events = publisher;
    /// await events.PublishJsonAsync(new Order(1, "tea"), AppJson.Default.Order, "orders");
    ///
    /// record Order(int Id, string Product);
    ///
    /// [JsonSerializable(typeof(Order))]
    /// partial class AppJson : JsonSerializerContext;
    /// </code>
    /// </example>
    public static ValueTask PublishJsonAsync<T>(
        this IEventPublisher publisher,
        T value,
        JsonTypeInfo<T> typeInfo,
        ChannelNames channels = default,
        string? eventType = null,
        string? eventId = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(publisher);
        ArgumentNullException.ThrowIfNull(typeInfo);
        JsonLine.ThrowIfFunction(value, nameof(value));
        EventValidator.ThrowIfInvalidType(eventType, nameof(eventType));
        EventValidator.ThrowIfInvalidId(eventId, nameof(eventId));
        return SerializeAndPublishAsync();

        async ValueTask SerializeAndPublishAsync()
        {
            cancellationToken.ThrowIfCancellationRequested();
            string data;
            using (var json = JsonLine.Serialize(value, typeInfo, PublisherOptions.LargestMaxEventBytes, nameof(value)))
                data = json.ToString();
            var item = new SseItem<string>(data, eventType).WithId(eventId);
            await publisher.PublishAsync(item, channels, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Publishes a value as JSON, with type information that is made at run time.</summary>
    /// <typeparam name="T">The type of the value, as the serializer sees it.</typeparam>
    /// <param name="publisher">The publisher.</param>
    /// <param name="value">The value. A value that is null is sent as <c>null</c>. A delegate is refused.</param>
    /// <param name="channels">
    /// The channels to publish to. A subscriber of several of them gets the event once. The default is
    /// <see cref="Publisher{TProperties}.DefaultChannel"/>.
    /// </param>
    /// <param name="eventType">
    /// The type, or null for <c>message</c>, the default of clients. The rules of
    /// <see cref="Publisher{TProperties}.Publish(SseItem{string}, ChannelNames)"/> apply to the type and to the id.
    /// </param>
    /// <param name="eventId">The id, or null for none. With a history, an event without an id gets a generated one.</param>
    /// <param name="options">
    /// The options, or null for <see cref="JsonSerializerOptions.Default"/>, which keeps the names of properties as they
    /// are. For camelCase names pass <c>JsonSerializerOptions.Web</c>. Options are read-only after their first use. Create
    /// them once: the serializer keeps its type information with them.
    /// </param>
    /// <param name="cancellationToken">
    /// A token that stops the wait. An event that was already handed to a broker may still be published.
    /// </param>
    /// <inheritdoc cref="PublishJsonAsync{T}(IEventPublisher, T, JsonTypeInfo{T}, ChannelNames, string, string, CancellationToken)" path="/returns"/>
    /// <inheritdoc cref="PublishJsonAsync{T}(IEventPublisher, T, JsonTypeInfo{T}, ChannelNames, string, string, CancellationToken)" path="/remarks"/>
    /// <exception cref="NotSupportedException">
    /// At the call: the resolver of the options does not know the type. In the task: the serializer does not support a type of the
    /// value. Nothing was published. Other exceptions of converters and properties are in the task as well, unchanged.
    /// </exception>
    /// <inheritdoc cref="PublishJsonAsync{T}(IEventPublisher, T, JsonTypeInfo{T}, ChannelNames, string, string, CancellationToken)" path="/exception[@cref!='T:System.NotSupportedException']"/>
    /// <example>
    /// <code>
    /// using System.Text.Json;
    /// using ServerSentEvents;
    ///
    /// using var publisher = new Publisher();
    /// IEventPublisher events = publisher;
    /// await events.PublishJsonAsync(new { Id = 1, Product = "tea" }, "orders", options: JsonSerializerOptions.Web);
    /// </code>
    /// </example>
    [RequiresUnreferencedCode(JsonLine.NotForTrimming)]
    [RequiresDynamicCode(JsonLine.NotForTrimming)]
    public static ValueTask PublishJsonAsync<T>(
        this IEventPublisher publisher,
        T value,
        ChannelNames channels = default,
        string? eventType = null,
        string? eventId = null,
        JsonSerializerOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(publisher);
        JsonLine.ThrowIfFunction(value, nameof(value));
        return publisher.PublishJsonAsync(value, JsonLine.TypeInfo<T>(options), channels, eventType, eventId, cancellationToken);
    }
}
