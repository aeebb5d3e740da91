namespace ServerSentEvents.Tests;

/// <summary>Tests <c>Drain</c>, which ends all streams before a shutdown while clients may still connect.</summary>
public sealed class DrainTests
{
    private readonly Publisher _publisher = new(new PublisherOptions { HistoryCapacity = 10 });

    [Fact]
    public async Task Drain_OpenStreams_EndAfterTheQueuedFrames()
    {
        var subscription = _publisher.Subscribe();
        _publisher.PublishComment("queued");

        _publisher.Drain();
        _publisher.Drain();

        (await subscription.ToArrayAsync()).Should().Equal(": queued\n");
        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
    }

    [Fact]
    public async Task Drain_ReconnectionJitter_SendsDifferentRetryToEach()
    {
        using var publisher = new Publisher(new PublisherOptions
        {
            ReconnectionInterval = TimeSpan.FromSeconds(1),
            ReconnectionJitter = TimeSpan.FromSeconds(10),
        });
        var subscriptions = Enumerable.Range(0, 50).Select(_ => publisher.Subscribe()).ToList();
        publisher.PublishComment("queued");

        publisher.Drain();

        var last = new List<int>();
        foreach (var subscription in subscriptions)
        {
            var frames = await subscription.ToArrayAsync();
            frames.Should().HaveCount(3);
            last.Add(int.Parse(frames[2]["retry: ".Length..], System.Globalization.CultureInfo.InvariantCulture));
        }

        last.Should().OnlyContain(milliseconds => milliseconds >= 1_000 && milliseconds <= 11_000);
        last.Distinct().Should().HaveCountGreaterThan(25);
    }

    [Theory]
    [InlineData(QueueOverflow.Disconnect)]
    [InlineData(QueueOverflow.DropOldest)]
    [InlineData(QueueOverflow.DropNewest)]
    public async Task Drain_FullQueue_DeliversTheQueueWithoutAnotherRetry(QueueOverflow overflow)
    {
        using var publisher = new Publisher(new PublisherOptions
        {
            QueueCapacity = 1,
            QueueOverflow = overflow,
            ReconnectionInterval = TimeSpan.FromSeconds(2),
        });
        var subscription = publisher.Subscribe();
        publisher.Publish("1");

        publisher.Drain();

        (await subscription.ToArrayAsync()).Should().Equal("retry: 2000\n", "data: 1\n\n");
        subscription.DroppedEvents.Should().Be(0);
    }

    [Theory]
    [InlineData(null, "retry: 3000\n")]
    [InlineData(5, "retry: 5000\n")]
    public async Task Subscribe_AfterDrain_SendsRetryAndHasEnded(int? seconds, string expected)
    {
        var publisher = new Publisher(new PublisherOptions
        {
            HistoryCapacity = 10,
            ReconnectionInterval = seconds is { } value ? TimeSpan.FromSeconds(value) : null,
        });
        publisher.Drain();

        var late = publisher.Subscribe(new SubscribeOptions<object?> { LastEventId = "1", InitialData = [new("state")] });
        publisher.Publish("x").Should().Be(0);

        late.EndReason.Should().Be(SubscriptionEndReason.Closed);
        late.Resume.Should().Be(ResumeResult.NotRequested);
        late.Channels.Should().BeEmpty();
        publisher.GetSubscribers().Should().BeEmpty();
        (await late.ToArrayAsync()).Should().Equal(expected);
    }

    [Fact]
    public async Task CopyToAsync_AfterDrain_CopiesRetry()
    {
        _publisher.Drain();
        using var stream = new MemoryStream();

        await _publisher.Subscribe().CopyToAsync(stream).WaitAsync(Limits.Patience);

        stream.ToArray().Should().Equal("retry: 3000\n"u8.ToArray());
    }

    [Fact]
    public async Task Subscribe_AfterDrainAndNeverRead_IsCutOffAfterTheLingerTimeout()
    {
        var timeout = TimeSpan.FromSeconds(20);
        var time = new TimerWatchingTimeProvider();
        var publisher = new Publisher(new PublisherOptions { LingerTimeout = timeout, TimeProvider = time });
        publisher.Drain();
        var late = publisher.Subscribe();
        time.Advance(0.5 * timeout);
        var later = publisher.Subscribe();

        time.Advance(0.25 * timeout);
        late.QueuedEvents.Should().Be(1, "a reader can still come");
        time.Advance(0.5 * timeout);
        await Limits.UntilAsync(() => late.QueuedEvents == 0);
        later.QueuedEvents.Should().Be(1, "it came later");
        time.Advance(0.5 * timeout);

        await Limits.UntilAsync(() => later.QueuedEvents == 0);
        (await late.ToArrayAsync()).Should().BeEmpty();
        late.EndReason.Should().Be(SubscriptionEndReason.Closed);
        time.RunningTimers.Should().Be(0);
    }

    [Fact]
    public async Task CopyToAsync_AfterDrainAndClientTakesNothing_IsCutOffAfterTheLingerTimeout()
    {
        var timeout = TimeSpan.FromSeconds(20);
        var time = new FakeTimeProvider();
        var publisher = new Publisher(new PublisherOptions { LingerTimeout = timeout, TimeProvider = time });
        publisher.Drain();
        var client = new SlowClient(publisher.Subscribe());
        (await client.WaitAsync()).Should().Be("retry: 3000\n".Length);

        // The timeout begins again when the timer sees the write: at its first check.
        for (var i = 0; i < 5; i++)
            time.Advance(timeout / 4);

        await client.Copy.WaitAsync(Limits.Patience);
    }

    [Fact]
    public void Subscribe_AfterDrain_RaisesNoEvents()
    {
        var raised = 0;
        _publisher.Subscribed += (_, _) => raised++;
        _publisher.Unsubscribed += (_, _) => raised++;
        _publisher.Drain();

        _publisher.Subscribe().Dispose();

        raised.Should().Be(0);
    }

    [Fact]
    public void Subscribe_AfterDrainAndDispose_Throws()
    {
        _publisher.Drain();
        _publisher.Dispose();
        _publisher.Drain();

        _publisher.Invoking(it => it.Subscribe()).Should().Throw<ObjectDisposedException>();
    }
}
