using System.Net.ServerSentEvents;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ServerSentEvents.Tests;

/// <summary>Contains, word for word, the code of the core's README. The tests check that this code works.</summary>
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
    public async Task Personalized_Run_SendsTheTextAndNothingForNull()
    {
        using var publisher = new Publisher<User>();
        var ann = publisher.Subscribe("inbox", new User("Ann", IsAdmin: true));
        publisher.Publish(user => user.IsAdmin ? $"{user.Name}, the disk is nearly full" : null, "inbox");
        publisher.Publish(user => user.IsAdmin ? null : "not for Ann", "inbox");

        publisher.Close();
        (await ann.ToArrayAsync()).Should().Equal("data: Ann, the disk is nearly full\n\n");
    }

    [Fact]
    public async Task Resume_UnknownId_IsAGapWithTheInitialData()
    {
        var publisher = new Publisher(new PublisherOptions { HistoryCapacity = 1_000 });
        var lastEventId = "from before a restart";

        var subscription = publisher.Subscribe(new SubscribeOptions<object?>
        {
            Channels = "news",
            LastEventId = lastEventId,    // the request's Last-Event-ID header; null for a new client
            InitialData = [new SseItem<string>("the current state", "state")],
        });

        publisher.Close();
        subscription.Resume.Should().Be(ResumeResult.Gap);
        (await subscription.ToArrayAsync()).Should().ContainSingle()
            .Which.Should().StartWith("event: state\ndata: the current state\n");
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
    public async Task Json_Run_HasTheNamesOfTheWeb()
    {
        using var publisher = new Publisher();
        var subscription = publisher.Subscribe("room 1");
        publisher.PublishJson(new ChatMessage("Ann", "hello"), ChatJson.Default.ChatMessage, "room 1");

        publisher.Close();
        (await subscription.ToArrayAsync()).Should().Equal("data: {\"from\":\"Ann\",\"text\":\"hello\"}\n\n");
    }

    [Fact]
    public async Task SourceAndJoin_Run_ReachTheSubscriber()
    {
        var publisher = new Publisher();
        var subscription = publisher.Subscribe("room 1");
        var tokens = Tokens();
        var cancellationToken = CancellationToken.None;

        await publisher.PublishAllAsync(tokens, "room 1", cancellationToken);
        subscription.Join("room 2");

        publisher.Publish("later", "room 2");
        publisher.Close();
        (await subscription.ToArrayAsync()).Should().Equal("data: one\n\n", "data: two\n\n", "data: later\n\n");

        static async IAsyncEnumerable<string> Tokens()
        {
            yield return "one";
            await Task.Yield();
            yield return "two";
        }
    }
}

internal sealed record ChatMessage(string From, string Text);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(ChatMessage))]
internal sealed partial class ChatJson : JsonSerializerContext;
