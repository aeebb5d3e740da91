using System.Net.ServerSentEvents;
using Microsoft.Coyote.Runtime;
using ServerSentEvents.Systematic.Exploration;
using Xunit.Abstractions;

namespace ServerSentEvents.Systematic;

/// <summary>Tests subscriptions that join and leave channels, or end, while other threads publish.</summary>
public sealed class MembershipTests(ITestOutputHelper output)
{
    /// <summary>The position up to which the client of the ahead subscription has all events.</summary>
    private const long Ahead = 5;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Join_DuringPublishing_GetsEachLaterEventOnceAndInOrder(bool copies) => Schedules.Explore(async () =>
    {
        var publisher = NewPublisher();
        var subscription = publisher.Subscribe("kept", "name");

        var joining = Task.Run(() => subscription.Join(["joined", "kept"]).Should().BeTrue());
        var publishing = Task.Run(() =>
        {
            publisher.Publish("1", "joined");
            Publish(publisher, "2", ["kept", "joined"]);
            Publish(publisher, "3", "joined");
            publisher.Publish("4", ["joined", "kept"]);
        });
        var reading = ReadAllAsync(subscription, copies);
        await joining;
        publisher.Publish("5", "joined");
        await publishing;
        publisher.Close();

        var received = await reading;
        received.Should().OnlyHaveUniqueItems().And.Contain(["2", "4", "5"]);
        // The fifth event comes from another thread.
        received.Where(data => data != "5").Should().BeInAscendingOrder();
        if (received.Contains("1"))
            received.Should().Contain("3");
        if (received.IndexOf("5") == 0)
            received.Should().Contain("3");
    }, output);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Leave_DuringPublishing_GetsNothingLaterOfTheChannel(bool copies) => Schedules.Explore(async () =>
    {
        var publisher = NewPublisher();
        var subscription = publisher.Subscribe(["kept", "left"], "name");

        var publishing = Task.Run(() =>
        {
            publisher.Publish("1", "left");
            Publish(publisher, "2", ["kept", "left"]);
            Publish(publisher, "3", "left");
        });
        var reading = ReadAllAsync(subscription, copies);
        var moving = Task.Run(() =>
        {
            subscription.Leave("left").Should().BeTrue();
            var sent = publisher.Publish("not sent", "left");
            subscription.Join("left").Should().BeTrue();
            return sent;
        });
        (await moving).Should().Be(0);
        await publishing;
        publisher.Close();

        var received = await reading;
        received.Should().BeInAscendingOrder().And.OnlyHaveUniqueItems().And.Contain("2");
    }, output);

    [Fact]
    public void JoinAndLeave_SubscriptionEnds_CountsAndAnnouncesEndOnce() => Schedules.Explore(async () =>
    {
        var ends = 0;
        var publisher = NewPublisher();
        publisher.Unsubscribed += (_, _) => Interlocked.Increment(ref ends);
        var subscription = publisher.Subscribe("a", "name");
        var writer = new CheckedPipeWriter();
        var copying = subscription.CopyToAsync(writer);

        var joining = Task.Run(() => subscription.Join("b"));
        var leaving = Task.Run(() => subscription.Leave(["a", "b"]));
        var disconnecting = Task.Run(() => publisher.Disconnect(_ => true));
        var publishing = Task.Run(() => Publish(publisher, "1", ["a", "b"]));
        var (joined, left) = (await joining, await leaving);
        var disconnected = await disconnecting;
        await publishing;
        await copying;
        writer.Return();

        ends.Should().Be(1);
        subscription.EndReason.Should().Be(SubscriptionEndReason.Unsubscribed);
        subscription.QueuedEvents.Should().Be(0);
        subscription.Join("c").Should().BeFalse();
        publisher.GetChannels().Should().BeEmpty();
        publisher.GetAllSubscribers().Should().BeEmpty();
        // Leaving ends the subscription, unless it has joined another channel or was disconnected before.
        disconnected.Should().BeOneOf(0, 1);
        (joined || left || disconnected == 1).Should().BeTrue();
        if (!left)
            disconnected.Should().Be(1);
    }, output);

    [Fact]
    public void Disconnect_DuringReplayOfPersonalizedEvents_EndsSubscriptionOrDoesNotFindIt() => Schedules.Explore(async () =>
    {
        var (begins, ends) = (0, 0);
        var publisher = NewPublisher(historyCapacity: 10);
        var first = publisher.Subscribe("a", "name");
        publisher.Publish("0", "a");
        var items = first.AsItems().GetAsyncEnumerator();
        await items.MoveNextAsync();
        var lastEventId = items.Current.EventId;
        await items.DisposeAsync();
        Publish(publisher, "1", "a");
        publisher.Subscribed += (_, _) => Interlocked.Increment(ref begins);
        publisher.Unsubscribed += (_, _) => Interlocked.Increment(ref ends);

        var disconnecting = Task.Run(() => publisher.Disconnect(_ => true));
        var resumed = await Task.Run(() => publisher.Subscribe(
            new SubscribeOptions<string> { Channels = "a", Properties = "name", LastEventId = lastEventId }));
        var disconnected = await disconnecting;

        ends.Should().Be(disconnected);
        begins.Should().Be(1);
        resumed.EndReason.Should().Be(disconnected == 1 ? SubscriptionEndReason.Unsubscribed : null);
        publisher.GetAllSubscribers().Should().HaveCount(1 - disconnected);
        resumed.Close();
        (await ReadAllAsync(resumed, copies: false)).Should().Equal(disconnected == 1 ? [] : new[] { "1" });
    }, output);

    [Fact]
    public void Join_AheadOfNode_GetsNoEarlierEvent() => Schedules.Explore(async () =>
    {
        var publisher = NewPublisher(historyCapacity: 10);
        var ids = new PlainEventIds();
        publisher.Follow(ids, before: default);
        var subscription = publisher.Subscribe(
            new SubscribeOptions<string> { Channels = "a", Properties = "name", LastEventId = ids.Format(new(Ahead)) });

        var joining = Task.Run(() => subscription.Join("b"));
        var publishing = Task.Run(() =>
        {
            for (var position = 1; position <= Ahead + 2; position++)
                publisher.PublishAt(new(position), new(Wire.Data((int)position)), position % 2 == 0 ? "a" : "b");
        });
        await joining;
        await publishing;
        publisher.Close();

        subscription.Resume.Should().Be(ResumeResult.Resumed);
        string.Join(' ', await ReadAllAsync(subscription, copies: false)).Should().BeOneOf("6", "6 7");
    }, output);

    [Fact]
    public void PublishAllAsync_SmallQueues_ReadersGetAllEventsAndSourceEnds() => Schedules.Explore(async () =>
    {
        const int events = 4;
        var publisher = new Publisher(new PublisherOptions { TimeProvider = new ScenarioClock(), QueueCapacity = 2 });
        var first = publisher.Subscribe();
        var second = publisher.Subscribe();
        var writer = new CheckedPipeWriter();
        var copying = first.CopyToAsync(writer);

        var reading = Task.Run(async () =>
        {
            var count = 0;
            var stream = second.GetAsyncEnumerator();
            while (count < events && await stream.MoveNextAsync())
                count++;
            await stream.DisposeAsync();
            return count;
        });
        // No timer fires, so a missed wake-up would stop the source.
        var published = await Task.Run(() => publisher.PublishAllAsync(new Numbers(events)));
        published.Should().Be(events);
        (await reading).Should().Be(events);
        publisher.Close();
        await copying;
        writer.Return();

        Wire.DataOf(writer.Flushed).Should().HaveCount(events);
    }, output, atFields: false);

    private static Publisher<string> NewPublisher(int historyCapacity = 0) =>
        new(new PublisherOptions { TimeProvider = new ScenarioClock(), HistoryCapacity = historyCapacity });

    /// <summary>Publishes a personalized event, and checks that the function runs at most once.</summary>
    private static void Publish(Publisher<string> publisher, string data, ChannelNames channels)
    {
        var made = 0;
        publisher.Publish(_ =>
        {
            made++;
            SchedulingPoint.Interleave();
            return data;
        }, channels);
        made.Should().BeLessThanOrEqualTo(1);
    }

    private static async Task<List<string>> ReadAllAsync(Subscription<string> subscription, bool copies)
    {
        if (copies)
        {
            var writer = new CheckedPipeWriter();
            await subscription.CopyToAsync(writer);
            writer.Return();
            return [.. Wire.DataOf(writer.Flushed)];
        }

        var text = "";
        var events = subscription.GetAsyncEnumerator();
        while (await events.MoveNextAsync())
            text += events.Current;
        await events.DisposeAsync();
        return [.. Wire.DataOf(text)];
    }

    /// <summary>A source whose numbers are available at once.</summary>
    private sealed class Numbers(int count) : IAsyncEnumerable<SseItem<string>>, IAsyncEnumerator<SseItem<string>>
    {
        private int _next;

        public SseItem<string> Current { get; private set; }

        public IAsyncEnumerator<SseItem<string>> GetAsyncEnumerator(CancellationToken cancellationToken = default) => this;

        public ValueTask<bool> MoveNextAsync()
        {
            Current = new(Wire.Data(_next));
            return new(_next++ < count);
        }

        public ValueTask DisposeAsync() => default;
    }
}
