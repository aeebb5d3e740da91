using System.Net.ServerSentEvents;
using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests;

/// <summary>Messages as a node would write them that is not there.</summary>
internal static class RawMessage
{
    /// <summary>A message that brings so many events, or a marker if there are none.</summary>
    internal static byte[] Of(MessageId id, ulong epoch = 0, bool isSentAgain = false, params string[] data)
    {
        var body = MessageFormat.Encode(Array.ConvertAll(data, each => EventFormat.Encode(new SseItem<string>(each), default, addedAt: 0)));
        MessageFormat.Stamp(body, id, epoch, sentAt: 0, isSentAgain);
        return body;
    }
}
