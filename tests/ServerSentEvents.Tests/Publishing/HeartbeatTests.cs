namespace ServerSentEvents.Tests;

/// <summary>Tests the comments that are sent to idle subscribers, and the <c>retry:</c> line at the start of a stream.</summary>
public sealed class HeartbeatTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(16);

    private readonly TimerWatchingTimeProvider _time = new();
    private readonly Publisher _publisher;

    public HeartbeatTests() => _publisher = new(
        new PublisherOptions { HeartbeatInterval = Interval, TimeProvider = _time, QueueCapacity = 1 });

    [Fact]
    [Trait("Statement", "13")]
    public async Task Heartbeat_IdleForTheInterval_SendsOneCommentLineWithoutABlankLine()
    {
        await using var reader = _publisher.Subscribe("a").GetAsyncEnumerator();
        var next = reader.NextAsync();

        _time.Advance(Interval - TimeSpan.FromTicks(1));
        next.IsCompleted.Should().BeFalse();
        _time.Advance(TimeSpan.FromTicks(1));

        (await next).Should().Be(":\n");
    }

    [Fact]
    public async Task Heartbeat_IdleForThreeIntervals_SendsThree()
    {
        await using var reader = _publisher.Subscribe(["a", "b"]).GetAsyncEnumerator();

        for (var i = 0; i < 3; i++)
        {
            _time.Advance(Interval);
            (await reader.NextAsync()).Should().Be(":\n");
        }

        reader.MoveNextAsync().AsTask().IsCompleted.Should().BeFalse();
    }

    [Fact]
    public void Heartbeat_MoreSubscribersThanOneStepOfTheWalk_EachGetsOne()
    {
        var subscriptions = Enumerable.Range(0, 5_000)
            .Select(number => _publisher.Subscribe(number % 2 == 0 ? "a" : ["a", "b", $"own {number}"])).ToList();

        _time.Advance(Interval);

        subscriptions.Should().OnlyContain(subscription => subscription.QueuedEvents == 1);
    }

    [Fact]
    public void Heartbeat_EventsWithinTheInterval_SendsNone()
    {
        var active = _publisher.Subscribe(new SubscribeOptions<object?> { Channels = "active", QueueCapacity = 100 });
        var idle = _publisher.Subscribe("idle");

        for (var i = 0; i < 10; i++)
        {
            _time.Advance(Interval / 2);
            _publisher.Publish("x", "active");
        }

        active.QueuedEvents.Should().Be(10);
        idle.QueuedEvents.Should().Be(1);
    }

    [Fact]
    public void Heartbeat_UnreadHeartbeat_SendsNoMoreAndDoesNotOverflow()
    {
        var stuck = _publisher.Subscribe("a");

        for (var i = 0; i < 10; i++)
            _time.Advance(Interval);

        stuck.QueuedEvents.Should().Be(1, "the first heartbeat has not been read");
        stuck.EndReason.Should().BeNull();
    }

    [Theory]
    [InlineData(QueueOverflow.Disconnect)]
    [InlineData(QueueOverflow.DropOldest)]
    [InlineData(QueueOverflow.DropNewest)]
    [Trait("Statement", "13")]
    public async Task Heartbeat_LargeEventIsBeingWrittenAndFillsTheQueue_EndsAndDropsNothing(QueueOverflow overflow)
    {
        var subscription = _publisher.Subscribe(new SubscribeOptions<object?>
        {
            QueueCapacity = 10,
            QueueCapacityBytes = 100_000,
            QueueOverflow = overflow,
        });
        var client = new SlowClient(subscription);
        var data = new string('x', 300_000);
        var expected = $"data: {data}\n\n";
        _publisher.Publish(data);
        await client.WaitAsync();
        subscription.QueuedEvents.Should().Be(0, "the copy has begun the event");
        subscription.QueuedBytes.Should().BeGreaterThan(100_000);

        for (var i = 0; i < 3; i++)
            _time.Advance(Interval);

        subscription.EndReason.Should().BeNull();
        subscription.DroppedEvents.Should().Be(0);
        subscription.QueuedEvents.Should().Be(0, "the stream is not idle");
        client.Take();
        while (client.Taken.Length < expected.Length)
        {
            await client.WaitAsync();
            client.Take();
        }

        client.Taken.Should().Be(expected);
        _time.Advance(Interval);
        await client.WaitAsync();
        client.Take();
        client.Taken.Should().Be(expected + ":\n", "the stream is idle again");
    }

    /// <summary>The timer of another limit can be much faster, and must not look at all subscribers each time.</summary>
    [Fact]
    public void Heartbeat_ShortLingerTimeout_StillLooksFourTimesInAnInterval()
    {
        var time = new FakeTimeProvider();
        using var publisher = new Publisher(new PublisherOptions
        {
            HeartbeatInterval = TimeSpan.FromSeconds(4),
            LingerTimeout = TimeSpan.FromMilliseconds(4),
            TimeProvider = time,
        });
        AdvanceTo(500);
        var idle = publisher.Subscribe();

        AdvanceTo(4_900);
        idle.QueuedEvents.Should().Be(0, "the heartbeat is due since 4,500 ms, and the next look is at 5,000 ms");
        AdvanceTo(5_000);
        idle.QueuedEvents.Should().Be(1);

        void AdvanceTo(int milliseconds)
        {
            while ((time.GetUtcNow() - time.Start).TotalMilliseconds < milliseconds)
                time.Advance(TimeSpan.FromMilliseconds(1));
        }
    }

    [Fact]
    public async Task Heartbeat_OneConnectionBroken_ReachesTheOthers()
    {
        var broken = _publisher.Subscribe().CopyToAsync(new FailingStream(at: 1));
        await using var reader = _publisher.Subscribe().GetAsyncEnumerator();

        _time.Advance(Interval);

        await broken.Invoking(it => it.WaitAsync(Limits.Patience)).Should().ThrowAsync<IOException>();
        for (var i = 0; i < 3; i++)
        {
            (await reader.NextAsync()).Should().Be(":\n");
            _time.Advance(Interval);
        }

        _publisher.GetSubscribers().Should().ContainSingle();
    }

    [Fact]
    public void Heartbeat_ManySubscribers_UsesOneTimerUntilDispose()
    {
        for (var i = 0; i < 100; i++)
            _publisher.Subscribe($"own {i}");
        _time.LiveTimers.Should().Be(1);
        _publisher.Close();
        _time.LiveTimers.Should().Be(1);

        _publisher.Dispose();

        _time.LiveTimers.Should().Be(0);
        using var without = new Publisher(new PublisherOptions { TimeProvider = _time });
        _time.LiveTimers.Should().Be(0);
    }

    [Fact]
    public async Task Heartbeat_PublisherCreatedInARequest_DoesNotKeepItsContext()
    {
        var publishers = new List<Publisher>();

        await new[] { CreatePublisherInARequest() }.ShouldBecomeGarbageAsync();

        publishers.ForEach(publisher => publisher.Dispose());

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        WeakReference CreatePublisherInARequest()
        {
            var request = new AsyncLocal<object?> { Value = new object() };
            publishers.Add(new Publisher(new PublisherOptions { HeartbeatInterval = TimeSpan.FromDays(1) }));
            var reference = new WeakReference(request.Value);
            request.Value = null;
            return reference;
        }
    }

    [Fact]
    public async Task ReconnectionInterval_Stream_StartsWithOneRetryLine()
    {
        var publisher = new Publisher(new PublisherOptions { ReconnectionInterval = TimeSpan.FromSeconds(3) });
        var subscription = publisher.Subscribe(initialData: ["initial"]);
        publisher.Publish("1");
        publisher.Close();

        (await subscription.ToArrayAsync()).Should().Equal("retry: 3000\n", "data: initial\n\n", "data: 1\n\n");
    }

    [Fact]
    public async Task ReconnectionJitter_ManyStreams_SpreadsTheIntervals()
    {
        var publisher = new Publisher(new PublisherOptions
        {
            ReconnectionInterval = TimeSpan.FromSeconds(1),
            ReconnectionJitter = TimeSpan.FromSeconds(10),
        });
        var waits = new List<int>();
        for (var i = 0; i < 1_000; i++)
        {
            await using var reader = publisher.Subscribe().GetAsyncEnumerator();
            waits.Add(int.Parse((await reader.NextAsync())["retry: ".Length..], System.Globalization.CultureInfo.InvariantCulture));
        }

        waits.Should().OnlyContain(wait => wait >= 1_000 && wait <= 11_000);
        waits.GroupBy(wait => (wait - 1_000) / 1_000).Where(group => group.Key < 10).Should().HaveCount(10)
            .And.OnlyContain(group => group.Count() > 40, "each second of the jitter should be used about equally often");
    }

    [Fact]
    public async Task ReconnectionJitter_LongestInterval_IsLimitedToInt32()
    {
        var publisher = new Publisher(
            new PublisherOptions { ReconnectionInterval = TimeSpan.MaxValue, ReconnectionJitter = TimeSpan.MaxValue });

        (await publisher.Subscribe().GetAsyncEnumerator().NextAsync()).Should().Be("retry: 2147483647\n");
    }
}
