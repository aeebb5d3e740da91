using System.Net.ServerSentEvents;
using System.Text;
using ServerSentEvents.Backplane.Internal.Messages;

namespace ServerSentEvents.Fuzzing.Tests;

/// <summary>The messages of a backplane, from the bytes to the text that a subscriber reads.</summary>
internal sealed class MessageTarget : FuzzTarget
{
    internal override string Name => "Messages";

    internal override byte[][] Tokens =>
    [
        .. Bytes("news", "price", "\r\n", "\r", "\0", "\uFEFF", "é", "message", "\nevent: admin"),
        MessageFormat.Encode(),
        [0, 0, 0, 0], [0, 0, 0, 9], [1, 0, 0, 0, 1, 97], [2, 0, 0, 0, 0], [2, 0, 0, 0, 1, 98], [3, 0, 0, 0, 1, 99],
        [4, 0, 0, 0, 1, 100], [5, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1], [6, 0, 0, 0, 1, 65], [7, 0, 0, 0, 0],
    ];

    // An item of four bytes becomes an item with its list of channels.
    internal override long MaxAllocation(int length) => (16 * 1024) + (96 * length);

    internal override Action Run(byte[] input)
    {
        var result = MessageFormat.Decode(input, out var message);
        return () =>
        {
            if (result != DecodeResult.Decoded)
                return;
            Check(message.Items.Count <= StreamPosition.MaxItems, "there are more items than positions");
            foreach (var item in message.Items)
            {
                if (item.Event is { } read)
                    CheckEvent(read, item.Channels);
            }
        };
    }

    private static void CheckEvent(SseItem<string> item, ChannelNames channels)
    {
        var again = ItemFormat.Decode(ItemFormat.EncodeEvent(item, channels));
        Check(again.Event!.Value.Data == item.Data && again.Channels.SequenceEqual(channels), "an item changes");
        using var publisher = new Publisher(new PublisherOptions { HistoryCapacity = 1 });
        Subscription<object?> subscription;
        try
        {
            subscription = publisher.Subscribe(channels);
            publisher.Publish(item, channels);
        }
        catch (ArgumentException)
        {
            return; // An event that no node publishes. A node logs it.
        }

        publisher.Close();
        var text = string.Concat(subscription.ToBlockingEnumerable());
        var received = SseParser.Create(new MemoryStream(Encoding.UTF8.GetBytes(text))).Enumerate().ToList();
        Check(received.Count == 1, "an event is not one event");
        Check(received[0].Data == item.Data.Replace("\r\n", "\n").Replace('\r', '\n'), "the data of an event changes");
        var type = item.EventType is "" ? SseParser.EventTypeDefault : item.EventType;
        Check(received[0].EventType == type, "the type of an event changes");
    }
}
