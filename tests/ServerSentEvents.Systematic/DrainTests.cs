using ServerSentEvents.Systematic.Exploration;
using Xunit.Abstractions;

namespace ServerSentEvents.Systematic;

/// <summary>Tests a publisher that drains. Every subscription ends in order, and later ones have ended already.</summary>
public sealed class DrainTests(ITestOutputHelper output)
{
    private const string Retry = "retry: 1000\n";

    [Fact]
    public void Drain_DuringPublishAndSubscribe_WritesQueueAndRetryAndTurnsAwayLaterClients() => Schedules.Explore(async () =>
    {
        var (begins, ends) = (0, 0);
        var publisher = new Publisher(new PublisherOptions
        {
            TimeProvider = new ScenarioClock(),
            ReconnectionInterval = TimeSpan.FromSeconds(1),
        });
        publisher.Subscribed += (_, _) => Interlocked.Increment(ref begins);
        publisher.Unsubscribed += (_, _) => Interlocked.Increment(ref ends);
        var early = publisher.Subscribe();
        CheckedPipeWriter[] writers = [new(), new()];
        var copying = early.CopyToAsync(writers[0]);

        var draining = Task.Run(publisher.Drain);
        var publishing = Task.Run(() => publisher.Publish("1") + publisher.Publish("2"));
        var late = await Task.Run(() => publisher.Subscribe());
        var copyingLate = late.CopyToAsync(writers[1]);
        await draining;
        var sent = await publishing;
        await copying;
        await copyingLate;
        foreach (var writer in writers)
            writer.Return();

        (early.EndReason, late.EndReason).Should().Be((SubscriptionEndReason.Closed, SubscriptionEndReason.Closed));
        ends.Should().Be(begins);
        var received = Array.ConvertAll(writers, writer => string.Concat(Wire.DataOf(writer.Flushed)));
        received[0].Should().BeOneOf("", "1", "12");
        received[1].Should().BeOneOf("", "1", "12", "2");
        (received[0].Length + received[1].Length).Should().Be(sent);
        foreach (var writer in writers)
            writer.Flushed.Should().StartWith(Retry).And.EndWith(Retry);
        publisher.Publish("3").Should().Be(0);
        publisher.GetSubscribers().Should().BeEmpty();
        publisher.Subscribe().EndReason.Should().Be(SubscriptionEndReason.Closed);
    }, output);

    [Fact]
    public void Drain_DuringJoinCloseAndDispose_AnnouncesEachEndOnce() => Schedules.Explore(async () =>
    {
        var (begins, ends) = (0, 0);
        var publisher = new Publisher(new PublisherOptions { TimeProvider = new ScenarioClock() });
        publisher.Subscribed += (_, _) => Interlocked.Increment(ref begins);
        publisher.Unsubscribed += (_, _) => Interlocked.Increment(ref ends);
        Subscription<object?>[] subscriptions = [publisher.Subscribe("a"), publisher.Subscribe("b")];

        var draining = Task.Run(publisher.Drain);
        var closing = Task.Run(publisher.Close);
        var joining = Task.Run(() => subscriptions[0].Join("c"));
        var disposing = Task.Run(subscriptions[1].Dispose);
        await draining;
        await closing;
        await joining;
        await disposing;

        (begins, ends).Should().Be((2, 2));
        publisher.GetChannels().Should().BeEmpty();
        subscriptions[0].Join("d").Should().BeFalse();
    }, output);
}
