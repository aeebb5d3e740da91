using ServerSentEvents.Systematic.Exploration;
using Xunit.Abstractions;

namespace ServerSentEvents.Systematic;

/// <summary>Tests queues with a bound in bytes. The counts of sent and dropped events add up, and the order is kept.</summary>
public sealed class QueueTests(ITestOutputHelper output)
{
    private const int Published = 5;

    /// <summary>The bound in bytes. Two events fit, but not three. Exceeds the unit of the members' shared byte count.</summary>
    private const int CapacityBytes = 1_500;

    private static readonly string Filling = new('x', 600);

    /// <summary>The channels of the subscriptions and the events.</summary>
    public enum Channels
    {
        /// <summary>One channel. The bytes are counted once for all members.</summary>
        One,

        /// <summary>Two channels. Each queue counts its bytes.</summary>
        Several,
    }

    [Theory]
    [InlineData(QueueOverflow.Disconnect, Channels.One)]
    [InlineData(QueueOverflow.Disconnect, Channels.Several)]
    [InlineData(QueueOverflow.DropOldest, Channels.One)]
    [InlineData(QueueOverflow.DropOldest, Channels.Several)]
    [InlineData(QueueOverflow.DropNewest, Channels.One)]
    [InlineData(QueueOverflow.DropNewest, Channels.Several)]
    public void Publish_CopyDrainsQueueBoundedInBytes_CountsAddUp(QueueOverflow overflow, Channels channels) => Schedules.Explore(async () =>
    {
        var publisher = new Publisher(new PublisherOptions
        {
            TimeProvider = new ScenarioClock(),
            QueueCapacityBytes = CapacityBytes,
            QueueOverflow = overflow,
        });
        ChannelNames names = channels == Channels.One ? "a" : new[] { "a", "b" };
        var subscription = publisher.Subscribe(names);
        var writer = new CheckedPipeWriter();

        var copying = subscription.CopyToAsync(writer);
        var publishing = Task.Run(() => Publish(publisher, names[0], first: 1, last: 3));
        var sent = await Task.Run(() => Publish(publisher, names[^1], first: 4, last: Published));
        sent += await publishing;
        await ScheduledThreadPool.WaitUntilIdleAsync();

        var received = Wire.DataOf(writer.Flushed).Select(data => data.TrimEnd('x')).ToList();
        received.Where(data => string.CompareOrdinal(data, "3") <= 0).Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
        received.Where(data => string.CompareOrdinal(data, "3") > 0).Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
        subscription.QueuedEvents.Should().Be(0);
        subscription.QueuedBytes.Should().Be(0);
        switch (overflow)
        {
            case QueueOverflow.Disconnect:
                received.Should().HaveCount(sent);
                subscription.EndReason.Should().Be(sent < Published ? SubscriptionEndReason.Overflowed : null);
                break;
            case QueueOverflow.DropNewest:
                received.Should().HaveCount(sent);
                subscription.DroppedEvents.Should().Be(Published - sent);
                break;
            default:
                subscription.DroppedEvents.Should().Be(Published - received.Count);
                received[^1].Should().BeOneOf("3", "5");
                break;
        }

        subscription.Close();
        await copying;
        writer.Return();
    }, output);

    private static int Publish(Publisher publisher, string channel, int first, int last) =>
        Enumerable.Range(first, last - first + 1).Sum(number => publisher.Publish(Wire.Data(number) + Filling, channel));
}
