using System.Net.ServerSentEvents;
using System.Text;

namespace ServerSentEvents.Tests.WireFormat;

/// <summary>What becomes of an event or a comment on its way through a publisher, by every way that there is.</summary>
internal static class Wire
{
    /// <summary>Refuses what has no UTF-8 form, and writes no byte order mark.</summary>
    internal static readonly Encoding StrictUtf8 =
        new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    internal static Task<string> TextOf(string data) => TextOf(new SseItem<string>(data));

    /// <summary>One event's text, after checking that it does not depend on how the event got into the stream.</summary>
    internal static async Task<string> TextOf(SseItem<string> item)
    {
        var text = await TextOf(publisher => publisher.Publish(item));
        (await TextOf(publisher => publisher.Publish(_ => item))).Should().Be(text);
        (await TextOf(_ => { }, item)).Should().Be(text);
        return text;
    }

    internal static Task<string> TextOfComment(string comment) => TextOf(publisher => publisher.PublishComment(comment));

    /// <summary>A whole stream, as it goes to a client.</summary>
    internal static async Task<string> StreamOf(IEnumerable<SseItem<string>> items)
    {
        var publisher = new Publisher(new PublisherOptions { QueueCapacity = int.MaxValue });
        var subscription = publisher.Subscribe();
        foreach (var item in items)
            publisher.Publish(item);
        publisher.Close();
        return string.Concat(await subscription.ToListAsync());
    }

    /// <summary>What the BCL's formatter makes of the items that a subscriber reads.</summary>
    internal static async Task<byte[]> BytesByBcl(params SseItem<string>[] items)
    {
        var publisher = new Publisher();
        var subscription = publisher.Subscribe(new SubscribeOptions<object?> { InitialData = items });
        publisher.Close();
        var bytes = new MemoryStream();
        await SseFormatter.WriteAsync(subscription.AsItems(), bytes);
        return bytes.ToArray();
    }

    private static async Task<string> TextOf(Action<Publisher> publish, params SseItem<string>[] initialData)
    {
        var publisher = new Publisher();
        var subscription = publisher.Subscribe(new SubscribeOptions<object?> { InitialData = initialData });
        publish(publisher);
        publisher.Close();
        return (await subscription.ToListAsync()).Should().ContainSingle().Subject;
    }
}
