using System.Runtime.CompilerServices;

namespace ServerSentEvents.Tests;

/// <summary>Tests subscriptions that join and leave channels while they are open.</summary>
public sealed class JoinLeaveTests
{
    /// <summary>The bytes of the framed event that <see cref="Publish"/> publishes.</summary>
    private const int EventBytes = 100;

    private static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(5);

    private readonly Publisher<string> _publisher = new();

    [Fact]
    public async Task Join_Open_GetsWhatIsPublishedFromThenOn()
    {
        var subscription = _publisher.Subscribe("a");
        _publisher.Publish("before", "b");

        subscription.Join("b").Should().BeTrue();

        _publisher.Publish("1", "b").Should().Be(1);
        _publisher.Publish("2", "a").Should().Be(1);
        (await CloseAndReadAsync(subscription)).Should().Equal("1", "2");
    }

    [Fact]
    public void Join_Open_ShowsTheChannelsAtOnce()
    {
        var subscription = _publisher.Subscribe("a");
        var before = subscription.Channels;

        subscription.Join(["b", "c"]);

        before.Should().Equal("a");
        subscription.Channels.Should().BeEquivalentTo("a", "b", "c");
        _publisher.GetSubscribers("c").Should().Equal(subscription);
    }

    [Fact]
    public async Task Join_SeveralChannels_EventForAllOfThemComesOnce()
    {
        var subscription = _publisher.Subscribe("a");

        subscription.Join(["b", "c"]);

        _publisher.Publish("1", ["c", "b", "a"]).Should().Be(1);
        (await CloseAndReadAsync(subscription)).Should().Equal("1");
    }

    [Fact]
    public async Task Join_RepeatedAndPresentNames_JoinsTheOthersOnce()
    {
        var subscription = _publisher.Subscribe("a");

        subscription.Join(["a", "b", "b", "a"]).Should().BeTrue();

        subscription.Channels.Should().BeEquivalentTo("a", "b");
        _publisher.Publish("1", "b").Should().Be(1);
        _publisher.Publish("2", "a").Should().Be(1);
        (await CloseAndReadAsync(subscription)).Should().Equal("1", "2");
    }

    [Fact]
    public void Join_NothingNew_ReturnsFalse()
    {
        var subscription = _publisher.Subscribe(["a", "b"]);

        subscription.Join("a").Should().BeFalse();
        subscription.Join(["b", "a", "a"]).Should().BeFalse();
        subscription.Join([]).Should().BeFalse();

        subscription.Channels.Should().BeEquivalentTo("a", "b");
    }

    [Fact]
    public async Task Join_NoChannels_LeavesNoReferenceToTheChannel()
    {
        await new[] { JoinNothing() }.ShouldBecomeGarbageAsync();

        [MethodImpl(MethodImplOptions.NoInlining)]
        WeakReference JoinNothing()
        {
            var channel = new string('a', 3);
            using var subscription = _publisher.Subscribe(channel);
            subscription.Join([]).Should().BeFalse();
            return new WeakReference(channel);
        }
    }

    [Fact]
    public void Join_DefaultValue_IsTheDefaultChannel()
    {
        var subscription = _publisher.Subscribe("a");

        subscription.Join(default).Should().BeTrue();

        subscription.Channels.Should().BeEquivalentTo("a", Publisher.DefaultChannel);
    }

    [Fact]
    public void JoinAndLeave_InvalidNames_Throw()
    {
        var subscription = _publisher.Subscribe("a");

        subscription.Invoking(it => it.Join((string)null!)).Should().Throw<ArgumentNullException>();
        subscription.Invoking(it => it.Join((string[])null!)).Should().Throw<ArgumentNullException>();
        subscription.Invoking(it => it.Join(["b", null!])).Should().Throw<ArgumentNullException>();
        subscription.Invoking(it => it.Join("")).Should().Throw<ArgumentException>();
        subscription.Invoking(it => it.Leave((string)null!)).Should().Throw<ArgumentNullException>();
        subscription.Invoking(it => it.Leave(["a", ""])).Should().Throw<ArgumentException>();

        subscription.Channels.Should().Equal("a");
    }

    [Theory]
    [InlineData(nameof(Publisher.Close))]
    [InlineData(nameof(Publisher.Drain))]
    [InlineData(nameof(Publisher.Dispose))]
    [InlineData("Subscription.Close")]
    [InlineData("Subscription.Dispose")]
    [InlineData(nameof(SubscriptionEndReason.Overflowed))]
    public void JoinAndLeave_Ended_ReturnFalse(string way)
    {
        var subscription = _publisher.Subscribe(new SubscribeOptions<string> { Channels = "a", QueueCapacity = 1 });
        _publisher.Publish("1", "a");
        End(subscription, way);
        var reason = subscription.EndReason;

        subscription.Join("b").Should().BeFalse();
        subscription.Leave("a").Should().BeFalse();

        subscription.EndReason.Should().Be(reason).And.NotBeNull();
        subscription.Channels.Should().Equal("a");
        _publisher.GetSubscribers("b").Should().BeEmpty();
    }

    [Fact]
    public async Task Leave_OneOfTwo_DeliversWhatIsQueuedAndNothingLater()
    {
        var ends = 0;
        _publisher.Unsubscribed += (_, _) => ends++;
        var subscription = _publisher.Subscribe(["a", "b"]);
        _publisher.Publish("1", "a");

        subscription.Leave("a").Should().BeTrue();

        _publisher.Publish("2", "a").Should().Be(0);
        _publisher.Publish("3", "b").Should().Be(1);
        subscription.EndReason.Should().BeNull();
        subscription.Channels.Should().Equal("b");
        _publisher.GetSubscribers("a").Should().BeEmpty();
        ends.Should().Be(0);
        (await CloseAndReadAsync(subscription)).Should().Equal("1", "3");
    }

    [Fact]
    public void Leave_NothingToLeave_ReturnsFalse()
    {
        var subscription = _publisher.Subscribe(["a", "b"]);
        _publisher.Subscribe("c");

        subscription.Leave("c").Should().BeFalse();
        subscription.Leave(["an empty channel", "c"]).Should().BeFalse();
        subscription.Leave([]).Should().BeFalse();

        subscription.Channels.Should().BeEquivalentTo("a", "b");
        subscription.EndReason.Should().BeNull();
    }

    [Theory]
    [InlineData("a")]
    [InlineData("a", "b", "a", "elsewhere")]
    public async Task Leave_LastChannels_EndsAfterTheQueuedEvents(params string[] channels)
    {
        var ended = new List<Subscription<string>>();
        _publisher.Unsubscribed += (_, arguments) => ended.Add(arguments.Subscription);
        var subscription = _publisher.Subscribe(channels[..^(channels.Length / 2)]);
        _publisher.Publish("1", "a");
        var last = subscription.Channels;

        subscription.Leave(channels).Should().BeTrue();

        _publisher.Publish("2", "a").Should().Be(0);
        subscription.EndReason.Should().Be(SubscriptionEndReason.Unsubscribed);
        subscription.Channels.Should().BeEquivalentTo(last);
        ended.Should().Equal(subscription);
        _publisher.GetSubscribers("a").Should().BeEmpty();
        (await ReadAsync(subscription)).Should().Equal("1");
    }

    [Fact]
    public async Task Leave_LastChannelAndTheReaderTakesNothing_IsCutOffAfterTheLingerTimeout()
    {
        var linger = TimeSpan.FromMinutes(1);
        var time = new TimerWatchingTimeProvider();
        var publisher = new Publisher(new PublisherOptions { TimeProvider = time, LingerTimeout = linger });
        var subscription = publisher.Subscribe("a");
        publisher.Publish("1", "a");

        subscription.Leave("a");
        for (var i = 0; i < 6; i++)
            time.Advance(linger / 4);

        await Limits.UntilAsync(() => subscription.QueuedEvents == 0, "the queue should have been dropped");
        time.RunningTimers.Should().Be(0);
    }

    [Fact]
    public void Leave_HandlerThrowsAtTheEnd_ThrowsAfterTheEnd()
    {
        _publisher.Unsubscribed += (_, _) => throw new FormatException();
        var subscription = _publisher.Subscribe("a");

        subscription.Invoking(it => it.Leave("a")).Should().Throw<AggregateException>()
            .Which.InnerExceptions.Should().ContainSingle().Which.Should().BeOfType<FormatException>();

        subscription.EndReason.Should().Be(SubscriptionEndReason.Unsubscribed);
        subscription.Leave("a").Should().BeFalse();
    }

    [Fact]
    public void Leave_LastChannelInASubscribedHandler_RaisesUnsubscribedAfterSubscribed()
    {
        var announced = new List<string>();
        _publisher.Subscribed += (_, arguments) => arguments.Subscription.Leave("a");
        _publisher.Subscribed += (_, _) => announced.Add("begin");
        _publisher.Unsubscribed += (_, _) => announced.Add("end");

        var subscription = _publisher.Subscribe("a");

        announced.Should().Equal("begin", "end");
        subscription.EndReason.Should().Be(SubscriptionEndReason.Unsubscribed);
    }

    [Fact]
    public async Task Join_InASubscribedHandler_GetsEventsOfBothChannels()
    {
        _publisher.Subscribed += (_, arguments) => arguments.Subscription.Join("b");
        var subscription = _publisher.Subscribe("a");

        _publisher.Publish("1", ["a", "b"]);
        _publisher.Publish("2", "b");

        (await CloseAndReadAsync(subscription)).Should().Equal("1", "2");
    }

    [Fact]
    public async Task Join_Copying_CopyIsSignaledInTheNewChannel()
    {
        var read = new ReadText();
        var subscription = _publisher.Subscribe("a");
        var copying = subscription.CopyToAsync(new TextStream(read));
        _publisher.Publish("1", "a");
        await read.WaitForAsync("data: 1\n\n");

        subscription.Join("b");
        _publisher.Publish("2", "b");
        await read.WaitForAsync("data: 2\n\n");
        subscription.Leave("a");
        _publisher.Publish("3", "b");
        await read.WaitForAsync("data: 3\n\n");

        subscription.Leave("b");
        await copying.WaitAsync(Limits.Patience);
        read.Text.Should().Be("data: 1\n\ndata: 2\n\ndata: 3\n\n");
    }

    [Fact]
    public async Task JoinAndLeave_QueuedBytes_StayExact()
    {
        var subscription = _publisher.Subscribe("a");
        // What others get in these channels must not count.
        _publisher.Subscribe(["b", "c"]);
        await using var reader = subscription.GetAsyncEnumerator();
        Publish("b");
        Publish("a");

        subscription.Join("b");
        subscription.QueuedBytes.Should().Be(EventBytes);
        Publish("a");
        Publish("b");
        subscription.QueuedBytes.Should().Be(3 * EventBytes);
        await reader.NextAsync();
        subscription.Join("c");
        Publish(["a", "b", "c"]);
        subscription.QueuedBytes.Should().Be(3 * EventBytes);

        subscription.Leave(["a", "c"]);
        subscription.QueuedBytes.Should().Be(3 * EventBytes);
        Publish("a");
        Publish("b");
        subscription.QueuedBytes.Should().Be(4 * EventBytes);
        for (var left = 3; left >= 0; left--)
        {
            await reader.NextAsync();
            subscription.QueuedBytes.Should().Be(left * EventBytes);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void JoinAndLeave_QueueCapacityBytes_StillHolds(bool leaves)
    {
        var subscription = _publisher.Subscribe(
            new SubscribeOptions<string> { Channels = "a", QueueCapacityBytes = 30 * EventBytes });
        // The channel's count must not matter to a subscriber that joins later.
        _publisher.Subscribe("b");
        for (var i = 0; i < 100; i++)
            Publish("b");

        subscription.Join("b");
        if (leaves)
            subscription.Leave("a");
        for (var i = 0; i < 30; i++)
        {
            Publish("b");
            subscription.EndReason.Should().BeNull("{0} events are queued", i + 1);
        }

        Publish("b");
        subscription.EndReason.Should().Be(SubscriptionEndReason.Overflowed);
    }

    [Fact]
    public async Task Join_WhileAPersonalizedEventIsMadeForTheChannel_GetsItOnce()
    {
        var made = new List<string>();
        _publisher.Subscribe("a", "first");
        var late = _publisher.Subscribe("elsewhere", "late");

        var sent = _publisher.Publish(name =>
        {
            made.Add(name);
            if (name == "first")
                late.Join(["a", "b"]);
            return $"for {name}";
        }, ["a", "b"]);

        sent.Should().Be(2);
        made.Should().Equal("first", "late");
        (await CloseAndReadAsync(late)).Should().Equal("for late");
    }

    [Fact]
    public async Task Join_AnotherChannelOfThePersonalizedEventThatIsBeingMade_GetsItOnce()
    {
        var made = new List<string>();
        var subscription = _publisher.Subscribe("a", "one");

        var sent = _publisher.Publish(name =>
        {
            made.Add(name);
            subscription.Join("b");
            return $"for {name}";
        }, ["a", "b"]);

        sent.Should().Be(1);
        made.Should().Equal("one");
        (await CloseAndReadAsync(subscription)).Should().Equal("for one");
    }

    [Fact]
    public async Task Leave_WhileThePersonalizedEventIsMade_GetsItOnlyIfItIsBack()
    {
        var left = _publisher.Subscribe(["a", "elsewhere"], "left");
        var isBack = _publisher.Subscribe(["a", "elsewhere"], "back");
        var moved = _publisher.Subscribe(["a", "elsewhere"], "moved");

        var sent = _publisher.Publish(name =>
        {
            var subscription = name switch { "left" => left, "back" => isBack, _ => moved };
            subscription.Leave("a");
            if (name == "back")
                subscription.Join("a");
            if (name == "moved")
                subscription.Join("b");
            return $"for {name}";
        }, ["a", "b"]);

        sent.Should().Be(2);
        (await CloseAndReadAsync(left)).Should().BeEmpty();
        (await ReadAsync(isBack)).Should().Equal("for back");
        (await ReadAsync(moved)).Should().Equal("for moved");
    }

    [Fact]
    public async Task Leave_WhileItsPlaceForAPersonalizedEventIsQueued_StillGetsTheEvent()
    {
        _publisher.Subscribe("a", "first");
        var late = _publisher.Subscribe("elsewhere", "late");

        _publisher.Publish(name =>
        {
            if (name == "first")
                late.Join("a");
            else
                late.Leave("a");
            return $"for {name}";
        }, "a");

        (await CloseAndReadAsync(late)).Should().Equal("for late");
    }

    [Fact]
    public async Task Subscribe_LastEventIdOfAClientThatHadJoined_ResumesTheNamedChannels()
    {
        var publisher = new Publisher(new PublisherOptions { HistoryCapacity = 10 });
        var subscription = publisher.Subscribe("a");
        var items = subscription.AsItems().GetAsyncEnumerator();
        publisher.Publish("1", "a");
        var first = (await items.NextAsync()).EventId;
        publisher.Publish("2", "b");
        subscription.Join("b");
        publisher.Publish("3", "b");
        var second = (await items.NextAsync()).EventId;
        publisher.Publish("4", ["a", "b"]);
        subscription.Dispose();

        (await ResumeAsync(first, ["a", "b"])).Should().Equal("2", "3", "4");
        (await ResumeAsync(second, ["a", "b"])).Should().Equal("4");
        (await ResumeAsync(first, "a")).Should().Equal("4");

        async Task<List<string>> ResumeAsync(string? lastEventId, ChannelNames channels)
        {
            var resumed = publisher.Subscribe(new SubscribeOptions<object?> { Channels = channels, LastEventId = lastEventId });
            resumed.Resume.Should().Be(ResumeResult.Resumed);
            resumed.Close();
            return [.. Frames.DataOf(await resumed.ToArrayAsync())];
        }
    }

    [Theory]
    [InlineData(true, ResumeResult.Resumed)]
    [InlineData(false, ResumeResult.Gap)]
    public async Task Join_BeforeOtherChannelsExpire_KeepsTheChannelComplete(bool joins, ResumeResult expected)
    {
        var time = new FakeTimeProvider();
        var publisher = new Publisher(new PublisherOptions { HistoryCapacity = 10, HistoryMaxAge = MaxAge, TimeProvider = time });
        var subscription = publisher.Subscribe("a");
        publisher.Publish("1", "a");
        var id = (await subscription.AsItems().GetAsyncEnumerator().NextAsync()).EventId;
        if (joins)
            subscription.Join("quiet");
        publisher.Publish("2", "other");

        for (var i = 0; i < 6; i++)
            time.Advance(MaxAge / 4);

        // Once the history has forgotten the other channel, only a channel in use is known to have had no event.
        publisher.Subscribe(new SubscribeOptions<object?> { Channels = "quiet", LastEventId = id }).Resume.Should().Be(expected);
    }

    [Fact]
    public async Task JoinAndLeave_WhileOthersPublish_GetsNoEventTwiceAndAllOfItsOtherChannel()
    {
        const int events = 5_000;
        var publisher = new Publisher(new PublisherOptions { QueueCapacity = int.MaxValue });
        var subscriptions = Enumerable.Range(0, 4).Select(_ => publisher.Subscribe("kept")).ToList();
        using var done = new CancellationTokenSource();
        var moving = subscriptions.ConvertAll(subscription => Task.Run(() =>
        {
            while (!done.IsCancellationRequested)
            {
                subscription.Join(["b", "kept"]).Should().BeTrue();
                subscription.Leave(["b", "elsewhere"]).Should().BeTrue();
            }
        }));

        try
        {
            await OwnThread.RunAsync(() =>
            {
                for (var i = 0; i < events; i++)
                {
                    ChannelNames channels = (i % 3) switch { 0 => "kept", 1 => "b", _ => new[] { "b", "kept" } };
                    if (i % 2 == 0)
                        publisher.Publish($"{i}", channels);
                    else
                        publisher.Publish(_ => $"{i}", channels);
                }
            });
        }
        finally
        {
            await done.CancelAsync();
            await Task.WhenAll(moving).WaitAsync(Limits.Patience);
        }

        publisher.Close();

        foreach (var subscription in subscriptions)
        {
            var received = Frames.DataOf(await subscription.ToArrayAsync()).Select(int.Parse).ToList();
            received.Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
            received.Where(number => number % 3 != 1).Should()
                .Equal(Enumerable.Range(0, events).Where(number => number % 3 != 1));
        }
    }

    private static async Task<List<string>> ReadAsync(Subscription<string> subscription) =>
        [.. Frames.DataOf(await subscription.ToArrayAsync())];

    private Task<List<string>> CloseAndReadAsync(Subscription<string> subscription)
    {
        _publisher.Close();
        return ReadAsync(subscription);
    }

    private void Publish(ChannelNames channels) =>
        _publisher.Publish(new string('x', EventBytes - "data: \n\n".Length), channels);

    private void End(Subscription<string> subscription, string way)
    {
        switch (way)
        {
            case "Subscription.Close":
                subscription.Close();
                break;
            case "Subscription.Dispose":
                subscription.Dispose();
                break;
            case nameof(SubscriptionEndReason.Overflowed):
                _publisher.Publish("overflows", "a");
                break;
            default:
                _publisher.EndAll(way);
                break;
        }
    }
}
