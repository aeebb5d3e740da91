using System.Net.ServerSentEvents;

namespace ServerSentEvents.Tests;

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
        (await subscription.ToListAsync()).Should().Equal("event: greeting\ndata: hello\nid: 7\n\n");
    }

    [Fact]
    public async Task PublishAsync_TextWithoutChannel_GoesToTheDefaultChannel()
    {
        IEventPublisher events = _publisher;
        var subscription = _publisher.Subscribe();

        await events.PublishAsync("here");
        await events.PublishAsync("elsewhere", "news");

        _publisher.Close();
        (await subscription.ToListAsync()).Should().Equal("data: here\n\n");
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
}
