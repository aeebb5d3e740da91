using System.Net.ServerSentEvents;
using System.Text.Json.Serialization;

namespace ServerSentEvents.Tests;

/// <summary>
/// Contains, word for word, the code of the READMEs that is in no sample. The tests check that this code compiles and works.
/// </summary>
public sealed class ReadmeSnippets
{
    [Fact]
    public async Task FirstProgram_Run_PrintsTheEvent()
    {
        using var console = new StringWriter();
        await Snippet();
        console.ToString().Should().Be("data: hello\n\n");

        async Task Snippet()
        {
            var Console = console;

            var publisher = new Publisher();
            var subscription = publisher.Subscribe("news");
            publisher.Publish("hello", "news");
            publisher.Close();
            await foreach (var text in subscription)
                Console.Write(text);
        }
    }

    private sealed record User(string Name, bool IsAdmin);

    [Fact]
    public async Task Personalized_Run_ReachesOnlyTheAdmin()
    {
        var publisher = new Publisher<User>();
        var ann = publisher.Subscribe("inbox", new User("Ann", IsAdmin: true));
        var bob = publisher.Subscribe("inbox", new User("Bob", IsAdmin: false));

        publisher.Publish(user => user.IsAdmin ? $"{user.Name}, the disk is nearly full" : null, "inbox");

        publisher.Close();
        (await ann.ToArrayAsync()).Should().Equal("data: Ann, the disk is nearly full\n\n");
        (await bob.ToArrayAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task Item_Run_HasItsFields()
    {
        var publisher = new Publisher();
        var subscription = publisher.Subscribe("prices");

        publisher.Publish(new SseItem<string>("101.5", "price") { EventId = "42" }, ["prices", "everything"]);

        publisher.Close();
        (await subscription.ToArrayAsync()).Should().Equal("event: price\ndata: 101.5\nid: 42\n\n");
    }

    [Fact]
    public void SlowSubscriber_Run_CountsDroppedEvents()
    {
        var user = new object();

        var publisher = new Publisher(new PublisherOptions { QueueCapacity = 100 });
        var prices = publisher.Subscribe(new SubscribeOptions<object?>
        {
            Channels = "prices",
            Properties = user,
            QueueOverflow = QueueOverflow.DropOldest,
        });

        for (var i = 0; i < 103; i++)
            publisher.Publish("101.5", "prices");
        prices.DroppedEvents.Should().Be(3);
    }

    private sealed record Request(Dictionary<string, string> Headers);

    [Fact]
    public void Resume_Run_LogsAGap()
    {
        var publisher = new Publisher(new PublisherOptions { HistoryCapacity = 1_000, HistoryMaxAge = TimeSpan.FromMinutes(5) });
        var request = new Request(new() { ["Last-Event-ID"] = "from before a restart" });
        var state = "all there is";
        using var log = new StringWriter();

        var subscription = publisher.Subscribe(new SubscribeOptions<object?>
        {
            Channels = "news",
            LastEventId = request.Headers["Last-Event-ID"],
            InitialData = [new SseItem<string>(state)],
        });
        if (subscription.Resume == ResumeResult.Gap)
            log.WriteLine("A client missed more than the history holds, and gets the whole state.");

        log.ToString().Should().NotBeEmpty();
    }

    [Fact]
    public async Task Reconnection_Run_SendsRetryFirst()
    {
        var publisher = new Publisher(new PublisherOptions
        {
            HeartbeatInterval = TimeSpan.FromSeconds(15),
            ReconnectionInterval = TimeSpan.FromSeconds(2),
            ReconnectionJitter = TimeSpan.FromSeconds(10),
        });

        (await publisher.Subscribe().GetAsyncEnumerator().NextAsync()).Should().StartWith("retry: ");
        publisher.Dispose();
    }

    private sealed record Response(System.IO.Pipelines.PipeWriter BodyWriter);

    [Fact]
    public async Task ManyClients_Run_WritesTheResponse()
    {
        var publisher = new Publisher();
        var subscription = publisher.Subscribe(initialData: ["hello"]);
        publisher.Close();
        var requestAborted = CancellationToken.None;
        using var body = new MemoryStream();
        var response = new Response(System.IO.Pipelines.PipeWriter.Create(body));

        await subscription.CopyToAsync(response.BodyWriter, requestAborted);

        body.ToArray().Should().Equal("data: hello\n\n"u8.ToArray());
    }

    [Fact]
    public async Task Conflation_Run_SendsTheLatestValueAfterAGapEvent()
    {
        var publisher = new Publisher(new PublisherOptions { GapEvent = new SseItem<string>("", "gap") });
        var subscription = publisher.Subscribe(new SubscribeOptions<object?>
        {
            Channels = "prices",
            QueueOverflow = QueueOverflow.DropOldest,
            ConflationKey = static price => price.EventType,
        });
        publisher.Publish("1", "prices", "a");
        publisher.Publish("2", "prices", "a");
        publisher.Close();

        (await subscription.ToArrayAsync()).Should().Equal("event: a\ndata: 2\n\n");
    }

    [Fact]
    public async Task Snapshot_Run_ComesBeforeTheEvents()
    {
        var publisher = new Publisher();
        string? lastEventId = null;

        var subscription = publisher.Subscribe(new SubscribeOptions<object?>
        {
            Channels = "orders",
            LastEventId = lastEventId,
            LoadInitialData = async token => [new SseItem<string>(await LoadOrdersAsync(token), "snapshot")],
        });
        publisher.Publish("order 3", "orders");
        publisher.Close();

        (await subscription.ToArrayAsync()).Should().Equal("event: snapshot\ndata: orders 1 and 2\n\n", "data: order 3\n\n");

        static Task<string> LoadOrdersAsync(CancellationToken token) => Task.FromResult("orders 1 and 2");
    }

    [Fact]
    public async Task JsonSourceAndJoin_Run_ReachTheSubscriber()
    {
        var publisher = new Publisher();
        var subscription = publisher.Subscribe("room 1");
        var tokens = Tokens();
        var cancellationToken = CancellationToken.None;

        publisher.PublishJson(new ChatMessage("Ann", "hello"), ChatJson.Default.ChatMessage, "room 1", eventType: "message");
        await publisher.PublishAllAsync(tokens, "room 1", cancellationToken);
        subscription.Join("room 2");

        publisher.Publish("later", "room 2");
        publisher.Close();
        (await subscription.ToArrayAsync()).Should().Equal(
            "data: {\"From\":\"Ann\",\"Text\":\"hello\"}\n\n", "data: one\n\n", "data: two\n\n", "data: later\n\n");

        static async IAsyncEnumerable<string> Tokens()
        {
            yield return "one";
            await Task.Yield();
            yield return "two";
        }
    }
}

internal sealed record ChatMessage(string From, string Text);

[JsonSerializable(typeof(ChatMessage))]
internal sealed partial class ChatJson : JsonSerializerContext;
