using System.Net.ServerSentEvents;

namespace ServerSentEvents.Tests.WireFormat;

/// <summary>What a client gets of an event. Items will not do: two that nobody can tell apart need not be equal.</summary>
internal readonly record struct ReceivedEvent(string Data, string Type, string? Id, TimeSpan? ReconnectionInterval)
{
    internal static ReceivedEvent Of(SseItem<string> item) =>
        new(item.Data, item.EventType, item.EventId, item.ReconnectionInterval);
}
