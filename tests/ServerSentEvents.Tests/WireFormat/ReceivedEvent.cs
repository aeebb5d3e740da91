using System.Net.ServerSentEvents;

namespace ServerSentEvents.Tests.WireFormat;

/// <summary>
/// An event as a client receives it. <see cref="SseItem{T}"/> is not used, because two items with equal values may be unequal.
/// </summary>
internal readonly record struct ReceivedEvent(string Data, string Type, string? Id, TimeSpan? ReconnectionInterval)
{
    internal static ReceivedEvent Of(SseItem<string> item) =>
        new(item.Data, item.EventType, item.EventId, item.ReconnectionInterval);
}
