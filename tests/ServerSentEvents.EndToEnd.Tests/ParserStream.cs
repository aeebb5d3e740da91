using System.Net.ServerSentEvents;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>
/// The stream of a client that resumes. It contains missed events, a heartbeat, comments and live events, so all parts of the
/// wire format. The stream is short, so that tests can cut it at every byte.
/// </summary>
internal sealed class ParserStream
{
    internal const int ReconnectionMilliseconds = 1234;

    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(16);

    /// <summary>The events that are published while the client is disconnected, and the data that the client must get.</summary>
    private static readonly (SseItem<string> Item, string Data)[] Missed =
    [
        (new("\r\na\rb\r\n\r\n c\n", "t\u00FDpe"), "\na\nb\n\n c\n"),
        (new("") { EventId = "" }, ""),
    ];

    /// <summary>The events that are published after the client has resumed, and the data that the client must get.</summary>
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

    /// <summary>The last event id from which the client resumes.</summary>
    internal string Position { get; }

    internal byte[] Bytes { get; }

    /// <summary>The events that a client must get from the stream.</summary>
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

        // A second subscriber reads the ids of all events without a parser.
        await using var witness = publisher.Subscribe().AsItems().GetAsyncEnumerator();
        publisher.Publish("seen");
        var position = await NextIdAsync(witness);
        foreach (var (item, _) in Missed)
            publisher.Publish(item);

        var bytes = new MemoryStream();
        var subscription = publisher.Subscribe(new SubscribeOptions<object?> { LastEventId = position });
        var copying = subscription.CopyToAsync(bytes);
        await Limits.UntilAsync(() => subscription.QueuedEvents == 0);
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
