using System.Net.ServerSentEvents;

namespace ServerSentEvents.Tests;

/// <summary>
/// Tests that <c>Subscribe</c> makes the personalized events that a client missed, and shows nothing before they are made.
/// </summary>
public sealed class PersonalizedReplayTests
{
    private static readonly TimeSpan LingerTimeout = TimeSpan.FromSeconds(20);

    private readonly TimerWatchingTimeProvider _time = new();
    private readonly Publisher<string> _publisher;

    public PersonalizedReplayTests() => _publisher = new(new PublisherOptions
    {
        HistoryCapacity = 100,
        LingerTimeout = LingerTimeout,
        TimeProvider = _time,
    });

    [Fact]
    public async Task Subscribe_FunctionIsCalledForTheReplay_SubscriptionIsNotYetListed()
    {
        var seen = await PublishAndGetIdAsync();
        var threads = new List<int>();
        var listed = -1;
        var unsubscribed = -1;
        _publisher.Publish(name =>
        {
            threads.Add(Environment.CurrentManagedThreadId);
            OwnThread.Run(() => listed = _publisher.GetSubscribers().Count);
            unsubscribed = _publisher.Unsubscribe();
            return $"missed by {name}";
        });
        var (resume, queued) = (ResumeResult.NotRequested, 0);
        _publisher.Subscribed += (_, arguments) =>
            (resume, queued) = (arguments.Subscription.Resume, arguments.Subscription.QueuedEvents);

        var subscription = Resume(seen);

        threads.Should().Equal(Environment.CurrentManagedThreadId);
        listed.Should().Be(0);
        unsubscribed.Should().Be(0);
        _publisher.GetSubscribers().Should().Equal(subscription);
        (resume, queued).Should().Be((ResumeResult.Resumed, 2));
        (subscription.Resume, subscription.QueuedEvents).Should().Be((ResumeResult.Resumed, 2));
        Data(await ReadAsync(subscription)).Should().Equal("missed by ann");
    }

    [Fact]
    public async Task Subscribe_MadeEventIsEvictedAndTheNextThrows_LeavesNoBytesBehind()
    {
        var publisher = new Publisher<string>(new PublisherOptions { HistoryCapacity = 2 });
        publisher.Publish(new SseItem<string>("seen") { EventId = "1" });
        publisher.Publish(_ => new string('x', 1_000));
        publisher.Publish(_ =>
        {
            publisher.Publish("evicts the first missed event");
            throw new FormatException("no event");
        });

        var subscription = publisher.Subscribe(new SubscribeOptions<string> { LastEventId = "1", Properties = "ann" });
        await using var reader = subscription.AsItems().GetAsyncEnumerator();
        publisher.Publish("live");
        SseItem<string> item;
        do
            item = await reader.NextAsync();
        while (item.Data != "live");

        subscription.QueuedBytes.Should().Be(0);
    }

    [Fact]
    public async Task Subscribe_EventIsPublishedDuringTheReplay_ComesAfterTheReplay()
    {
        var seen = await PublishAndGetIdAsync();
        var isReplaying = true;
        _publisher.Publish(_ =>
        {
            if (isReplaying)
                OwnThread.Run(() => _publisher.Publish("live"));
            isReplaying = false;
            return "missed 1";
        });
        _publisher.Publish("missed 2");
        isReplaying = true;

        var subscription = Resume(seen);

        subscription.Resume.Should().Be(ResumeResult.Resumed);
        Data(await ReadAsync(subscription)).Should().Equal("missed 1", "missed 2", "live");
    }

    [Fact]
    public async Task Subscribe_PublisherClosesDuringTheReplay_ReplayCanBeRead()
    {
        var seen = await PublishAndGetIdAsync();
        _publisher.Publish(_ =>
        {
            _publisher.Close();
            return "missed";
        });

        var subscription = Resume(seen);

        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
        _publisher.GetSubscribers().Should().BeEmpty();
        Data(await subscription.AsItems().ToArrayAsync()).Should().Equal("missed");
    }

    [Theory]
    [InlineData(nameof(Publisher.Close))]
    [InlineData(nameof(Publisher.Drain))]
    [InlineData(nameof(Publisher.Dispose))]
    public async Task LingerTimeout_PublisherEndsItDuringTheReplay_UnreadReplayIsDropped(string end)
    {
        var seen = await PublishAndGetIdAsync();
        _publisher.Publish(_ =>
        {
            _publisher.EndAll(end);
            return "missed";
        });
        var subscription = Resume(seen);
        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
        subscription.QueuedEvents.Should().Be(2);

        _time.Advance(0.75 * LingerTimeout);
        subscription.QueuedEvents.Should().Be(2, "a reader can still come");
        _time.Advance(0.5 * LingerTimeout);

        await Limits.UntilAsync(() => subscription.QueuedEvents == 0);
        (await subscription.ToArrayAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task LingerTimeout_PublisherIsDisposedDuringTheReplay_StopsTheTimerAfterwards()
    {
        var seen = await PublishAndGetIdAsync();
        _publisher.Publish(_ =>
        {
            _publisher.Dispose();
            return "missed";
        });
        _time.RunningTimers.Should().Be(1, "the history has events that can become too old");
        var subscription = Resume(seen);
        _time.RunningTimers.Should().Be(1, "the subscription lingers");

        _time.Advance(1.25 * LingerTimeout);

        await Limits.UntilAsync(() => subscription.QueuedEvents == 0);
        _time.RunningTimers.Should().Be(0);
    }

    [Fact]
    public async Task Subscribe_FunctionThrowsForTheReplay_IsAGapWithTheHealthyEvents()
    {
        var seen = await PublishAndGetIdAsync();
        _publisher.Publish("shared 1");
        _publisher.Publish(name => name == "ann" ? throw new FormatException() : name);
        _publisher.Publish(name => $"for {name}");
        _publisher.Publish("shared 2");

        var gap = Resume(seen);

        gap.Resume.Should().Be(ResumeResult.Gap);
        gap.EndReason.Should().BeNull();
        _publisher.Publish("live");
        Data(await ReadAsync(gap)).Should().Equal("initial", "shared 1", "for ann", "shared 2", "live");
    }

    [Theory]
    [InlineData(1, ResumeResult.Resumed)]
    [InlineData(2, ResumeResult.Resumed)]
    [InlineData(3, ResumeResult.Gap)]
    public async Task Subscribe_PersonalizedReplay_CountsAgainstQueueCapacityBytes(int missed, ResumeResult expected)
    {
        var seen = await PublishAndGetIdAsync();
        var calls = 0;
        for (var i = 0; i < missed; i++)
        {
            _publisher.Publish(_ =>
            {
                calls++;
                return new string('x', 400);
            });
        }

        _publisher.Publish(new string('s', 5_000));

        var subscription = Resume(seen, queueCapacityBytes: 1_000);

        subscription.Resume.Should().Be(expected, "shared events do not count");
        subscription.EndReason.Should().BeNull();
        calls.Should().Be(missed);
        var read = Data(await ReadAsync(subscription)).ToList();
        if (expected == ResumeResult.Resumed)
            read.Should().HaveCount(missed + 1);
        else
            read.Should().Equal("initial");
    }

    [Fact]
    public async Task Publish_ReplayIsNotReadYet_ReplayAndLiveEventsShareTheBound()
    {
        var seen = await PublishAndGetIdAsync();
        _publisher.Publish(_ => new string('x', 800));
        var subscription = Resume(seen, queueCapacityBytes: 1_000);
        subscription.QueuedBytes.Should().BeInRange(800, 900);

        _publisher.Publish(new string('y', 800)).Should().Be(0);

        subscription.EndReason.Should().Be(SubscriptionEndReason.Overflowed);
        Data(await subscription.AsItems().ToArrayAsync()).Should().Equal(new string('x', 800));
    }

    [Fact]
    public async Task Publish_ReplayWasRead_BoundIsFreeAgain()
    {
        var seen = await PublishAndGetIdAsync();
        _publisher.Publish(_ => new string('x', 800));
        var subscription = Resume(seen, queueCapacityBytes: 1_000);
        await using var reader = subscription.AsItems().GetAsyncEnumerator();
        await reader.NextAsync();
        _publisher.PublishComment("");
        _ = reader.MoveNextAsync().AsTask();
        await Limits.UntilAsync(() => subscription.QueuedBytes == 0);

        _publisher.Publish(new string('y', 800)).Should().Be(1);
    }

    [Fact]
    public async Task Subscribe_LiveEventsFillTheQueueDuringTheReplay_IsAGap()
    {
        var seen = await PublishAndGetIdAsync();
        var isReplaying = false;
        _publisher.Publish(_ =>
        {
            if (isReplaying)
                _publisher.Publish(new string('y', 800));
            return new string('x', 800);
        });
        isReplaying = true;

        var subscription = Resume(seen, queueCapacityBytes: 1_000);

        subscription.Resume.Should().Be(ResumeResult.Gap);
        Data(await ReadAsync(subscription)).Should().Equal("initial", new string('y', 800));
    }

    private async Task<string> PublishAndGetIdAsync()
    {
        var subscription = _publisher.Subscribe();
        _publisher.Publish("seen");
        subscription.Close();
        return (await subscription.AsItems().ToArrayAsync())[0].EventId!;
    }

    private Subscription<string> Resume(string lastEventId, long? queueCapacityBytes = null) =>
        _publisher.Subscribe(new SubscribeOptions<string>
        {
            Properties = "ann",
            LastEventId = lastEventId,
            InitialData = [new SseItem<string>("initial")],
            QueueCapacityBytes = queueCapacityBytes,
        });

    private static async Task<SseItem<string>[]> ReadAsync(Subscription<string> subscription)
    {
        subscription.Close();
        return await subscription.AsItems().ToArrayAsync();
    }

    private static IEnumerable<string> Data(IEnumerable<SseItem<string>> items) => items.Select(item => item.Data);
}
