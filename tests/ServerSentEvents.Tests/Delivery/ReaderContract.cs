using System.Net.ServerSentEvents;

namespace ServerSentEvents.Tests;

/// <summary>Tests that apply to every way to read a subscription. Each way has a derived class.</summary>
public abstract class ReaderContract
{
    private readonly FakeTimeProvider _time = new();
    private readonly Publisher<string> _publisher;

    protected ReaderContract() => _publisher = new(new PublisherOptions
    {
        TimeProvider = _time,
        HistoryCapacity = 100,
        HeartbeatInterval = TimeSpan.FromSeconds(15),
        QueueCapacity = 50,
    });

    /// <summary>Reads to the end, and adds each text to <paramref name="read"/> when it arrives.</summary>
    protected abstract Task ReadAsync(Subscription<string> subscription, ReadText read, CancellationToken cancellationToken);

    [Fact]
    public async Task Read_InitialQueuedAndLiveEvents_AreReadInOrderUntilClose()
    {
        var subscription = _publisher.Subscribe(initialData: ["a", "b"]);
        _publisher.Publish("c");
        var read = new ReadText();
        var reading = ReadAsync(subscription, read, CancellationToken.None);
        await read.WaitForAsync("data: c\n");
        _publisher.Publish(new SseItem<string>("d\r\ne", "kind") { EventId = "own" });
        _publisher.PublishComment("f");

        _publisher.Close();

        await reading.WaitAsync(Limits.Patience);
        read.WithoutIds.Should().Be("data: a\n\ndata: b\n\ndata: c\n\nevent: kind\ndata: d\ndata: e\n\n: f\n");
        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
    }

    [Fact]
    public async Task Read_ClosedBeforeTheFirstRead_EndsAfterTheQueue()
    {
        var subscription = _publisher.Subscribe(initialData: ["a"]);
        subscription.Close();
        var read = new ReadText();

        await ReadAsync(subscription, read, CancellationToken.None).WaitAsync(Limits.Patience);

        read.WithoutIds.Should().Be("data: a\n\n");
    }

    [Fact]
    public async Task Read_LoneSurrogates_AreReplaced()
    {
        var subscription = _publisher.Subscribe(initialData: ["a\ud800b\U0001F600c\udc00"]);
        subscription.Close();
        var read = new ReadText();

        await ReadAsync(subscription, read, CancellationToken.None).WaitAsync(Limits.Patience);

        read.WithoutIds.Should().Be("data: a\ufffdb\U0001F600c\ufffd\n\n");
    }

    [Fact]
    public async Task Read_Disposed_EndsAtOnce()
    {
        var subscription = _publisher.Subscribe();
        var read = new ReadText();
        var reading = ReadAsync(subscription, read, CancellationToken.None);
        _publisher.Publish("a");
        await read.WaitForAsync("data: a\n");

        subscription.Dispose();

        await reading.WaitAsync(Limits.Patience);
        subscription.EndReason.Should().Be(SubscriptionEndReason.Unsubscribed);
    }

    [Fact]
    public async Task Read_Canceled_ThrowsAndUnsubscribes()
    {
        using var cancellation = new CancellationTokenSource();
        var subscription = _publisher.Subscribe();
        var reading = ReadAsync(subscription, new ReadText(), cancellation.Token);

        await cancellation.CancelAsync();

        await reading.Invoking(it => it.WaitAsync(Limits.Patience)).Should().ThrowAsync<OperationCanceledException>();
        subscription.EndReason.Should().Be(SubscriptionEndReason.Canceled);
        _publisher.GetSubscribers().Should().BeEmpty();
    }

    [Fact]
    public async Task Read_CanceledBeforeTheFirstRead_Throws()
    {
        var reading = () => ReadAsync(_publisher.Subscribe(), new ReadText(), new CancellationToken(canceled: true))
            .WaitAsync(Limits.Patience);

        await reading.Should().ThrowAsync<OperationCanceledException>();
        _publisher.GetSubscribers().Should().BeEmpty();
    }

    [Fact]
    public async Task Read_SecondTime_ThrowsAndEndsNothing()
    {
        var subscription = _publisher.Subscribe();
        _ = ReadAsync(subscription, new ReadText(), CancellationToken.None);

        var second = () => ReadAsync(subscription, new ReadText(), CancellationToken.None);

        await second.Should().ThrowAsync<InvalidOperationException>();
        _publisher.GetSubscribers().Should().ContainSingle();
        _publisher.Close();
    }

    [Fact]
    [Trait("Statement", "14")]
    public async Task Read_Resumed_StartsWithTheLastEventId()
    {
        var first = new ReadText();
        var subscription = _publisher.Subscribe();
        var reading = ReadAsync(subscription, first, CancellationToken.None);
        _publisher.Publish("1");
        await first.WaitForAsync("id: ");
        subscription.Dispose();
        await reading.WaitAsync(Limits.Patience);
        _publisher.Publish(name => $"2 for {name}");

        var resumed = _publisher.Subscribe(new SubscribeOptions<string> { LastEventId = first.LastId, Properties = "ann" });
        resumed.Close();
        var second = new ReadText();
        await ReadAsync(resumed, second, CancellationToken.None).WaitAsync(Limits.Patience);

        second.Text.Should().StartWith($"id: {first.LastId}\ndata: 2 for ann\nid: ");
    }

    [Fact]
    public async Task Read_Idle_GetsHeartbeats()
    {
        var read = new ReadText();
        var reading = ReadAsync(_publisher.Subscribe(), read, CancellationToken.None);

        _time.Advance(TimeSpan.FromSeconds(15));

        await read.WaitForAsync(":\n");
        _publisher.Close();
        await reading.WaitAsync(Limits.Patience);
    }

    [Fact]
    public async Task Read_Overflowed_EndsAfterTheQueue()
    {
        var subscription = _publisher.Subscribe();
        for (var i = 0; i < 60; i++)
            _publisher.Publish($"{i}");
        var read = new ReadText();

        await ReadAsync(subscription, read, CancellationToken.None).WaitAsync(Limits.Patience);

        read.Text.Split('\n').Count(line => line.StartsWith("data: ", StringComparison.Ordinal)).Should().Be(50);
        subscription.EndReason.Should().Be(SubscriptionEndReason.Overflowed);
    }

    [Fact]
    public async Task Read_UnsubscribedHandlerThrows_ThrowsAndDoesNotAffectOthers()
    {
        var other = _publisher.Subscribe();
        var subscription = _publisher.Subscribe();
        var read = new ReadText();
        using var cancellation = new CancellationTokenSource();
        var reading = ReadAsync(subscription, read, cancellation.Token);
        var calls = 0;
        _publisher.Unsubscribed += (_, _) =>
        {
            calls++;
            throw new FormatException();
        };

        await cancellation.CancelAsync();

        var thrown = await Record.ExceptionAsync(() => reading.WaitAsync(Limits.Patience));
        (thrown is AggregateException or OperationCanceledException).Should().BeTrue("it is {0}", thrown);
        calls.Should().Be(1);
        _publisher.Publish("x").Should().Be(1);
        other.QueuedEvents.Should().Be(1);
    }
}
