using System.Net.ServerSentEvents;
using ServerSentEvents.Backplane.Internal.Messages;

namespace ServerSentEvents.Backplane.Contract;

/// <summary>Makes messages as another node would send them.</summary>
internal static class RawMessage
{
    /// <summary>Makes a message of events, or a marker if there are none.</summary>
    internal static byte[] Of(MessageId id, bool isRetransmission = false, params string[] data) =>
        OfItems(id, isRetransmission, Array.ConvertAll(data, each => ItemFormat.EncodeEvent(new SseItem<string>(each), default)));

    internal static byte[] OfItems(MessageId id, bool isRetransmission, params byte[][] items)
    {
        var body = MessageFormat.Encode(items);
        MessageFormat.Stamp(body, id, sentAt: 0, isRetransmission);
        return body;
    }
}
