using System.Net.ServerSentEvents;
using ServerSentEvents.Systematic.Exploration;
using Xunit.Abstractions;

namespace ServerSentEvents.Systematic;

/// <summary>Tests queues that conflate. The reader gets the latest event of each key, and no event of a key twice or late.</summary>
public sealed class ConflationTests(ITestOutputHelper output)
{
    private const string Gap = "gap";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Publish_ReaderConflates_GetsLatestEventOfEachKey(bool copies) => Schedules.Explore(async () =>
    {
        var publisher = new Publisher(new PublisherOptions { TimeProvider = new ScenarioClock() });
        var subscription = Subscribe(publisher);

        var reading = ReadAllAsync(subscription, copies);
        var publishing = Task.Run(() => Publish(publisher, "a1", "b1", "a2"));
        await Task.Run(() => Publish(publisher, "c1", "c2"));
        await publishing;
        publisher.Close();

        var received = await reading;
        foreach (var key in received.GroupBy(KeyOf))
            key.Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
        received.Should().Contain(["a2", "b1", "c2"]);
        subscription.QueuedEvents.Should().Be(0);
        subscription.QueuedBytes.Should().Be(0);
    }, output);

    [Fact]
    public void Publish_PlacesOfKeysDropped_ReaderGetsGapEventAndLatestEvent() => Schedules.Explore(async () =>
    {
        var publisher = new Publisher(new PublisherOptions
        {
            TimeProvider = new ScenarioClock(),
            QueueCapacity = 1,
            QueueOverflow = QueueOverflow.DropOldest,
            GapEvent = new SseItem<string>(Gap),
        });
        var subscription = Subscribe(publisher);

        var reading = ReadAllAsync(subscription, copies: false);
        await Task.Run(() => Publish(publisher, "a1", "b1", "b2", "a2"));
        publisher.Close();

        var received = await reading;
        foreach (var key in received.Where(data => data != Gap).GroupBy(KeyOf))
            key.Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
        received[^1].Should().Be("a2");
        received.Contains(Gap).Should().Be(subscription.DroppedEvents > 0);
        if (subscription.DroppedEvents == 0)
            received.Should().Contain("b2");
        subscription.QueuedEvents.Should().Be(0);
        subscription.QueuedBytes.Should().Be(0);
    }, output);

    private static Subscription<object?> Subscribe(Publisher publisher) =>
        publisher.Subscribe(new SubscribeOptions<object?> { ConflationKey = static item => KeyOf(item.Data) });

    /// <summary>Returns the key of an event: the first letter of its data.</summary>
    private static string KeyOf(string data) => data[..1];

    private static void Publish(Publisher publisher, params string[] events)
    {
        foreach (var data in events)
            publisher.Publish(data).Should().Be(1);
    }

    private static async Task<List<string>> ReadAllAsync(Subscription<object?> subscription, bool copies)
    {
        if (copies)
        {
            var writer = new CheckedPipeWriter();
            await subscription.CopyToAsync(writer);
            writer.Return();
            return [.. Wire.DataOf(writer.Flushed)];
        }

        var received = new List<string>();
        var items = subscription.AsItems().GetAsyncEnumerator();
        while (await items.MoveNextAsync())
            received.Add(items.Current.Data);
        await items.DisposeAsync();
        return received;
    }
}
