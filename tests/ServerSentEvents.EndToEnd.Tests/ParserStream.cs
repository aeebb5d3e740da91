using System.Net.ServerSentEvents;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>
/// A stream that has everything in it that a stream can have, and is short enough to be cut at every place: that of a client
/// that comes back, with what it has missed, a heartbeat, a comment, and what comes then.
/// </summary>
internal sealed class ParserStream
{
    internal const int ReconnectionMilliseconds = 1234;

    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(16);

    /// <summary>What is published while the client is away, and the data that it is to get.</summary>
    private static readonly (SseItem<string> Item, string Data)[] Missed =
    [
        (new("\r\na\rb\r\n\r\n c\n", "t\u00FDpe"), "\na\nb\n\n c\n"),
        (new("") { EventId = "" }, ""),
    ];

    /// <summary>What is published when it is there again.</summary>
    private static readonly (SseItem<string> Item, string Data)[] Live =
    [
        (new("  \U0001F600\uD83D:\u2028") { EventId = "7: \"~\" 8" }, "  \U0001F600\uFFFD:\u2028"),
        (new("\uFEFFdata: x", "data") { ReconnectionInterval = TimeSpan.FromMilliseconds(ReconnectionMilliseconds) }, "\uFEFFdata: x"),
        (new("\r"), "\n"),
    ];

    private ParserStream(string position, byte[] bytes, ParsedEvent[] events)
    {
        Position = position;
        Bytes = bytes;
        Events = events;
    }

    /// <summary>The id that it resumes from.</summary>
    internal string Position { get; }

    internal byte[] Bytes { get; }

    /// <summary>What a client is to make of it.</summary>
    internal ParsedEvent[] Events { get; }

    internal static async Task<ParserStream> MakeAsync()
    {
        var time = new FakeTimeProvider();
        using var publisher = new Publisher(new PublisherOptions
        {
            HistoryCapacity = 10,
            HeartbeatInterval = HeartbeatInterval,
            ReconnectionInterval = TimeSpan.FromMilliseconds(ReconnectionMilliseconds),
            TimeProvider = time,
        });

        // Which ids the events get is known from somebody who was there all the time, and needs no parser.
        await using var witness = publisher.Subscribe().AsItems().GetAsyncEnumerator();
        publisher.Publish("seen");
        var position = await NextIdAsync(witness);
        foreach (var (item, _) in Missed)
            publisher.Publish(item);

        var bytes = new MemoryStream();
        var subscription = publisher.Subscribe(new SubscribeOptions<object?> { LastEventId = position });
        var copying = subscription.CopyToAsync(bytes);
        SpinWait.SpinUntil(() => subscription.QueuedEvents == 0, Limits.Patience).Should().BeTrue();
        time.Advance(HeartbeatInterval);
        foreach (var (item, _) in Live)
        {
            publisher.Publish(item);
            publisher.PublishComment("c\rdata: no\n");
        }

        publisher.Close();
        await copying.WaitAsync(Limits.Patience);

        var events = new List<ParsedEvent>();
        foreach (var (item, data) in Missed.Concat(Live))
            events.Add(new ParsedEvent(item.EventType, data, await NextIdAsync(witness)));
        return new ParserStream(position, bytes.ToArray(), [.. events]);
    }

    private static async Task<string> NextIdAsync(IAsyncEnumerator<SseItem<string>> witness)
    {
        (await witness.MoveNextAsync()).Should().BeTrue();
        return witness.Current.EventId!;
    }
}
