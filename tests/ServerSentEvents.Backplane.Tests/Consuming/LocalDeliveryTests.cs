using System.Net.ServerSentEvents;
using ServerSentEvents.Backplane.Internal.Consuming;
using ServerSentEvents.Backplane.Internal.Hosting;
using ServerSentEvents.Backplane.Internal.Messages;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Backplane.Tests.Consuming;

/// <summary>Tests how the items of the stream reach the publisher of a node.</summary>
public sealed class LocalDeliveryTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Deliver_LargerThanMaxEventBytesOfTheNode_IsDeliveredAndCanBeResumed(bool isPersonalized)
    {
        var log = new TestLog();
        using var publisher = new Publisher<string>(new PublisherOptions { MaxEventBytes = 100, HistoryCapacity = 10 });
        var settings = new BackplaneSettings<string>(new TestOptions
        {
            LoggerFactory = log,
            Personalize = isPersonalized ? (item, _) => item : null,
        });
        var delivery = new LocalDelivery<string>(publisher, settings, "stream");
        var ids = new StreamEventIds();
        delivery.Restart(ids, before: default);
        var subscription = publisher.Subscribe(properties: "Ann");
        var text = new string('x', 1_000);

        for (var offset = 0; offset < 2; offset++)
        {
            ids.Add(offset, check: 1);
            var position = new EventPosition(StreamPosition.Of(offset, 0), Check: 1);
            var item = new StreamItem(new SseItem<string>(text) { EventId = $"{offset}" }, default, DisconnectKey: null);
            // The history alone gets the first event.
            delivery.TryDeliver(position, item, isCatchingUp: offset == 0);
            delivery.Advance(position);
        }

        publisher.Close();
        (await subscription.AsItems().ToArrayAsync()).Select(item => item.Data).Should().Equal(text);
        var resumed = publisher.Subscribe(new SubscribeOptions<string> { Properties = "Ann", LastEventId = "0" });
        resumed.Resume.Should().Be(ResumeResult.Resumed);
        log.Warnings.Should().BeEmpty();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Deliver_PersonalizedBeyondHistoryCapacityBytes_OldestLeaveTheHistory(bool isCatchingUp)
    {
        using var publisher = new Publisher<string>(new PublisherOptions { HistoryCapacity = 10_000, HistoryCapacityBytes = 1 << 20 });
        var settings = new BackplaneSettings<string>(new TestOptions { Personalize = (item, _) => item });
        var delivery = new LocalDelivery<string>(publisher, settings, "stream");
        var ids = new StreamEventIds();
        delivery.Restart(ids, before: default);

        for (var offset = 0; offset < 100; offset++)
        {
            ids.Add(offset, check: 1);
            var item = new SseItem<string>(new string('x', 10_000)) { EventId = $"own-{offset}" };
            delivery.TryDeliver(new(StreamPosition.Of(offset, 0), Check: 1), new StreamItem(item, default, DisconnectKey: null), isCatchingUp);
        }

        ResumeFrom("own-0").Should().Be(ResumeResult.Gap, "100 events of 20,000 bytes are more than a mebibyte");
        ResumeFrom("own-60").Should().Be(ResumeResult.Resumed, "39 later events are less");

        ResumeResult ResumeFrom(string id) =>
            publisher.Subscribe(new SubscribeOptions<string> { Properties = "Ann", LastEventId = id }).Resume;
    }

    [Fact]
    public async Task Restart_SubscribeHasReadTheInitialData_RemovesTheIdsOfTheStreamAsWell()
    {
        var clock = new CallbackTime(new FakeTimeProvider());
        using var publisher = new Publisher<string>(new PublisherOptions { HistoryCapacity = 10, TimeProvider = clock });
        var ids = new StreamEventIds();
        // The clock is read after the initial data, and before the lock is taken.
        clock.Read = () =>
        {
            clock.Read = null;
            publisher.Follow(ids, before: default);
        };

        var subscription = publisher.Subscribe(new SubscribeOptions<string>
        {
            InitialData = [new("a") { EventId = ids.Format(new(StreamPosition.Of(5, 0), Check: 1)) }, new("b") { EventId = "own" }],
        });
        publisher.Close();

        (await subscription.ToArrayAsync()).Should().Equal("data: a\n\n", "data: b\nid: own\n\n");
    }
}
