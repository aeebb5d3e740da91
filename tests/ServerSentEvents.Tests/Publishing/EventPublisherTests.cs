using System.Net.ServerSentEvents;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace ServerSentEvents.Tests;

/// <summary>Tests <see cref="IEventPublisher"/> and its extensions, with a publisher of this process and with another one.</summary>
public sealed class EventPublisherTests
{
    private readonly Publisher _publisher = new();

    [Fact]
    public async Task PublishAsync_Item_IsQueuedBeforeItReturns()
    {
        IEventPublisher events = _publisher;
        var subscription = _publisher.Subscribe("news");

        var published = events.PublishAsync(new SseItem<string>("hello", "greeting") { EventId = "7" }, ["news", "sport"]);

        published.IsCompletedSuccessfully.Should().BeTrue();
        subscription.QueuedEvents.Should().Be(1);
        await published;
        _publisher.Close();
        (await subscription.ToArrayAsync()).Should().Equal("event: greeting\ndata: hello\nid: 7\n\n");
    }

    [Fact]
    public async Task PublishAsync_TextWithoutChannel_GoesToTheDefaultChannel()
    {
        IEventPublisher events = _publisher;
        var subscription = _publisher.Subscribe();

        await events.PublishAsync("here");
        await events.PublishAsync("elsewhere", "news");

        _publisher.Close();
        (await subscription.ToArrayAsync()).Should().Equal("data: here\n\n");
    }

    [Fact]
    public async Task PublishAsync_Canceled_PublishesNothing()
    {
        IEventPublisher events = _publisher;
        var subscription = _publisher.Subscribe();

        var publish = async () => await events.PublishAsync("hello", cancellationToken: new CancellationToken(canceled: true));

        await publish.Should().ThrowAsync<OperationCanceledException>();
        subscription.QueuedEvents.Should().Be(0);
    }

    [Fact]
    public async Task PublishAsync_InvalidInput_ThrowsWithTheParameterName()
    {
        IEventPublisher events = _publisher;

        var noData = async () => await events.PublishAsync((string)null!);
        var noPublisher = async () => await ((IEventPublisher)null!).PublishAsync("hello");
        var badId = async () => await events.PublishAsync(new SseItem<string>("hello") { EventId = "a\0b" });

        (await noData.Should().ThrowAsync<ArgumentNullException>()).WithParameterName("data");
        (await noPublisher.Should().ThrowAsync<ArgumentNullException>()).WithParameterName("publisher");
        (await badId.Should().ThrowAsync<ArgumentException>()).WithParameterName("item");
    }

    [Fact]
    public async Task PublishAsync_Disposed_Throws()
    {
        _publisher.Dispose();

        var publish = async () => await ((IEventPublisher)_publisher).PublishAsync("hello");

        await publish.Should().ThrowAsync<ObjectDisposedException>();
    }

    [Fact]
    public async Task PublishAsync_AnyFailure_IsInTheTask()
    {
        IEventPublisher events = _publisher;

        var invalid = events.PublishAsync(new SseItem<string>("hello") { EventId = "a\0b" });
        var noData = events.PublishAsync(default(SseItem<string>));
        _publisher.Dispose();
        var disposed = events.PublishAsync(new SseItem<string>("hello"));

        await FailsWithAsync<ArgumentException>(invalid);
        await FailsWithAsync<ArgumentNullException>(noData);
        await FailsWithAsync<ObjectDisposedException>(disposed);

        static async Task FailsWithAsync<TException>(ValueTask task)
            where TException : Exception
        {
            task.IsFaulted.Should().BeTrue();
            var awaiting = async () => await task;
            await awaiting.Should().ThrowAsync<TException>();
        }
    }

    [Fact]
    public async Task PublishAsync_HandlerThrows_IsInTheTask()
    {
        IEventPublisher events = _publisher;
        _publisher.Subscribe(new SubscribeOptions<object?> { QueueCapacity = 1 });
        _publisher.Unsubscribed += (_, _) => throw new FormatException();
        _publisher.Publish("fills the queue");

        var published = events.PublishAsync(new SseItem<string>("overflows"));

        published.IsFaulted.Should().BeTrue();
        var awaiting = async () => await published;
        await awaiting.Should().ThrowAsync<AggregateException>();
    }

    [Fact]
    public async Task PublishJsonAsync_LocalPublisher_PublishesTheSameEvent()
    {
        IEventPublisher events = _publisher;
        var note = new Note("<é\r\n\u2028", 7);
        var indented = new JsonSerializerOptions { WriteIndented = true };
        var raw = TestConverter.With<Note>((writer, _) => writer.WriteRawValue("{\r\n\"a\":\n1}"));
        var subscription = _publisher.Subscribe("news");

        _publisher.PublishJson(note, IndentedJson.Default.Note, "news", "note", "7");
        await events.PublishJsonAsync(note, IndentedJson.Default.Note, "news", "note", "7");
        _publisher.PublishJson(note, "news", eventId: "8", options: indented);
        await events.PublishJsonAsync(note, "news", eventId: "8", options: indented);
        _publisher.PublishJson(note, ["news"], "raw", options: raw);
        await events.PublishJsonAsync(note, ["news"], "raw", options: raw);
        _publisher.PublishJson((Note?)null, "news");
        await events.PublishJsonAsync((Note?)null, "news");

        _publisher.Close();
        var received = await subscription.ToArrayAsync();
        received.Should().HaveCount(8);
        for (var i = 0; i < received.Length; i += 2)
            received[i + 1].Should().Be(received[i]);
    }

    [Fact]
    public async Task PublishJsonAsync_OtherPublisher_GetsOneStringOfOneLine()
    {
        var events = new RecordingPublisher();
        using var cancellation = new CancellationTokenSource();

        await events.PublishJsonAsync(new Note("a", 1), IndentedJson.Default.Note, ["a", "b"], "note", "7", cancellation.Token);
        await events.PublishJsonAsync(new { B = 2 }, options: new JsonSerializerOptions { WriteIndented = true });

        events.Published.Should().Equal(
            (new SseItem<string>("{\"Text\":\"a\",\"Number\":1}", "note") { EventId = "7" }, "a, b", cancellation.Token),
            (new SseItem<string>("{\"B\":2}"), Publisher.DefaultChannel, CancellationToken.None));
    }

    [Fact]
    public async Task PublishJsonAsync_Canceled_SerializesAndPublishesNothing()
    {
        var events = new RecordingPublisher();
        var calls = 0;
        var options = TestConverter.With<Note>((_, _) => calls++);

        var published = events.PublishJsonAsync(
            new Note("a", 1), options: options, cancellationToken: new CancellationToken(canceled: true));

        published.IsCanceled.Should().BeTrue();
        var awaiting = async () => await published;
        await awaiting.Should().ThrowAsync<OperationCanceledException>();
        calls.Should().Be(0);
        events.Published.Should().BeEmpty();
    }

    [Fact]
    public void PublishJsonAsync_InvalidArguments_ThrowAtTheCallWithTheParameterName()
    {
        var events = new RecordingPublisher();
        var none = (IEventPublisher)null!;
        var note = new Note("a", 1);
        Func<Note> function = () => note;
        (Func<ValueTask> Call, string Name)[] calls =
        [
            (() => none.PublishJsonAsync(note), "publisher"),
            (() => none.PublishJsonAsync(note, TestJson.Default.Note), "publisher"),
            (() => events.PublishJsonAsync(note, (JsonTypeInfo<Note>)null!), "typeInfo"),
            (() => events.PublishJsonAsync(function), "value"),
            (() => events.PublishJsonAsync<object>(function), "value"),
            (() => events.PublishJsonAsync(function, options: new JsonSerializerOptions { TypeInfoResolver = TestJson.Default }), "value"),
            (() => events.PublishJsonAsync(function, JsonTypeInfo.CreateJsonTypeInfo<Func<Note>>(new())), "value"),
            (() => events.PublishJsonAsync(note, eventType: "a\nb"), "eventType"),
            (() => events.PublishJsonAsync(note, eventId: "a\0b"), "eventId"),
        ];

        foreach (var (call, name) in calls)
            call.Should().Throw<ArgumentException>().WithParameterName(name);

        events.Published.Should().BeEmpty();
    }

    [Fact]
    public async Task PublishJsonAsync_AnyFailure_IsInTheTask()
    {
        var publisher = new Publisher(new PublisherOptions { MaxEventBytes = 100 });
        var failure = new FormatException();
        var throwing = TestConverter.With<Note>((_, _) => throw failure);

        var unserializable = publisher.PublishJsonAsync(new Note("a", 1), options: throwing);
        var tooLarge = publisher.PublishJsonAsync(new string('x', 100));
        publisher.Dispose();
        var disposed = publisher.PublishJsonAsync(1);

        foreach (var task in (ValueTask[])[unserializable, tooLarge, disposed])
            task.IsFaulted.Should().BeTrue();
        (await Awaiting(unserializable).Should().ThrowAsync<FormatException>()).Which.Should().BeSameAs(failure);
        await Awaiting(tooLarge).Should().ThrowAsync<ArgumentException>();
        await Awaiting(disposed).Should().ThrowAsync<ObjectDisposedException>();

        static Func<Task> Awaiting(ValueTask task) => async () => await task;
    }

    private sealed class RecordingPublisher : IEventPublisher
    {
        public List<(SseItem<string> Item, string Channels, CancellationToken Token)> Published { get; } = [];

        public ValueTask PublishAsync(SseItem<string> item, ChannelNames channels = default, CancellationToken cancellationToken = default)
        {
            Published.Add((item, channels.ToString(), cancellationToken));
            return default;
        }
    }
}
