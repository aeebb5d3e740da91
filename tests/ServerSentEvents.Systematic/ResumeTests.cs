using System.Net.ServerSentEvents;
using ServerSentEvents.Systematic.Exploration;
using Xunit.Abstractions;

namespace ServerSentEvents.Systematic;

/// <summary>Tests clients that resume while events are published. No event is lost or sent twice.</summary>
public sealed class ResumeTests(ITestOutputHelper output)
{
    [Fact]
    public void Subscribe_LastEventIdDuringPublishing_ReceivesEachLaterEventOnce() => Schedules.Explore(async () =>
    {
        var publisher = new Publisher(new PublisherOptions { TimeProvider = new ScenarioClock(), HistoryCapacity = 10 });
        var first = publisher.Subscribe();
        publisher.Publish("0");
        var items = first.AsItems().GetAsyncEnumerator();
        await items.MoveNextAsync();
        var lastEventId = items.Current.EventId;
        await items.DisposeAsync();

        var publishing = Task.Run(() =>
        {
            publisher.Publish("1");
            publisher.Publish(_ => "2");
            publisher.Publish("3");
        });
        var resumed = await Task.Run(() => publisher.Subscribe(new SubscribeOptions<object?> { LastEventId = lastEventId }));
        var writer = new CheckedPipeWriter();
        var copying = resumed.CopyToAsync(writer);
        await publishing;
        resumed.Close();
        await copying;
        writer.Return();

        resumed.Resume.Should().Be(ResumeResult.Resumed);
        Wire.DataOf(writer.Flushed).Should().Equal("1", "2", "3");
    }, output, atFields: false);

    [Fact]
    public void Drain_WhilePersonalizedEventsAreMade_ResumedStreamHasThem() => Schedules.Explore(async () =>
    {
        var publisher = new Publisher(new PublisherOptions { TimeProvider = new ScenarioClock(), HistoryCapacity = 10 });
        publisher.Publish(new SseItem<string>("0") { EventId = "a" });
        publisher.Publish(_ => "1");

        var draining = Task.Run(publisher.Drain);
        var resumed = await Task.Run(() => publisher.Subscribe(new SubscribeOptions<object?> { LastEventId = "a" }));
        await draining;
        var writer = new CheckedPipeWriter();
        await resumed.CopyToAsync(writer);
        writer.Return();

        if (resumed.Resume == ResumeResult.Resumed)
            Wire.DataOf(writer.Flushed).Should().Equal("1");
    }, output);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Subscribe_MissedEventsEvictedDuringReplay_WritesAllOrEndsAfterFirst(bool hasSubscribedBefore) => Schedules.Explore(async () =>
    {
        var publisher = new Publisher(new PublisherOptions { TimeProvider = new ScenarioClock(), HistoryCapacity = 2 });
        publisher.Publish(new SseItem<string>("0") { EventId = "a" });
        publisher.Publish("1");
        publisher.Publish("2");
        var options = new SubscribeOptions<object?> { LastEventId = "a" };
        var resumed = hasSubscribedBefore ? publisher.Subscribe(options) : null;

        var publishing = Task.Run(() =>
        {
            publisher.Publish("3");
            publisher.Publish("4");
        });
        resumed ??= await Task.Run(() => publisher.Subscribe(options));
        var writer = new CheckedPipeWriter();
        var copying = resumed.CopyToAsync(writer);
        await publishing;
        resumed.Close();
        await copying;
        writer.Return();

        string[] all = ["1", "2", "3", "4"];
        var received = Wire.DataOf(writer.Written).ToArray();
        if (resumed.Resume != ResumeResult.Resumed)
            received.Should().Equal(all[^received.Length..]);
        else if (received.Length < all.Length)
            received.Should().HaveCountLessThan(2).And.Equal(all[..received.Length]);
        else
            received.Should().Equal(all);
        if (resumed.EndReason == SubscriptionEndReason.Overflowed)
            received.Length.Should().BeLessThan(all.Length);
        else
            resumed.EndReason.Should().Be(SubscriptionEndReason.Closed);
    }, output);

    [Fact]
    public void QueuedEvents_NextMissedEventEvictedDuringRead_CountsOnlyLiveEvents() => Schedules.Explore(async () =>
    {
        var publisher = new Publisher(new PublisherOptions { TimeProvider = new ScenarioClock(), HistoryCapacity = 2 });
        publisher.Publish(new SseItem<string>("0") { EventId = "a" });
        publisher.Publish("1");
        publisher.Publish("2");
        var resumed = publisher.Subscribe(new SubscribeOptions<object?> { LastEventId = "a" });
        var reader = resumed.GetAsyncEnumerator();
        await reader.MoveNextAsync();

        var publishing = Task.Run(() =>
        {
            publisher.Publish("3");
            publisher.Publish("4");
        });
        var hasRead = await reader.MoveNextAsync();
        await publishing;

        resumed.QueuedEvents.Should().Be(hasRead ? 2 : 0, "1 and 2 are evicted, and the end drops the queue");
    }, output);
}
