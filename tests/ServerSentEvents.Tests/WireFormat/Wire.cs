using System.Net.ServerSentEvents;
using System.Text;

namespace ServerSentEvents.Tests.WireFormat;

/// <summary>Publishes events and comments, and returns the text or the bytes that a subscriber reads.</summary>
internal static class Wire
{
    /// <summary>UTF-8 that throws on invalid text and writes no byte order mark.</summary>
    internal static readonly Encoding StrictUtf8 =
        new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    internal static Task<string> TextOf(string data) => TextOf(new SseItem<string>(data));

    /// <summary>
    /// Returns the text of one event. Checks that a shared, a personalized and an initial event have the same text.
    /// </summary>
    internal static async Task<string> TextOf(SseItem<string> item)
    {
        var text = await TextOf(publisher => publisher.Publish(item));
        (await TextOf(publisher => publisher.Publish(_ => item))).Should().Be(text);
        (await TextOf(_ => { }, item)).Should().Be(text);
        return text;
    }

    internal static Task<string> TextOfComment(string comment) => TextOf(publisher => publisher.PublishComment(comment));

    /// <summary>Returns the whole stream that a client gets.</summary>
    internal static async Task<string> StreamOf(IEnumerable<SseItem<string>> items)
    {
        var publisher = new Publisher(new PublisherOptions { QueueCapacity = int.MaxValue });
        var subscription = publisher.Subscribe();
        foreach (var item in items)
            publisher.Publish(item);
        publisher.Close();
        return string.Concat(await subscription.ToArrayAsync());
    }

    /// <summary>Returns the bytes that the formatter of the BCL writes for the items that a subscriber reads.</summary>
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
        return (await subscription.ToArrayAsync()).Should().ContainSingle().Subject;
    }
}
