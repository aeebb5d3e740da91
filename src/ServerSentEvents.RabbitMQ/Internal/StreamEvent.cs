using System.Net.ServerSentEvents;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>An event as it was read.</summary>
/// <param name="Item">The event.</param>
/// <param name="Channels">Whom it is for.</param>
/// <param name="AddedAt">When it was handed to the backplane, in microseconds since 1970, by its writer's clock.</param>
internal readonly record struct StreamEvent(SseItem<string> Item, ChannelNames Channels, long AddedAt);
