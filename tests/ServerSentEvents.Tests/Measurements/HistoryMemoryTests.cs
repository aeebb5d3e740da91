using Xunit.Abstractions;

namespace ServerSentEvents.Tests;

/// <summary>Measures the memory of histories and replays.</summary>
[Collection(nameof(RunAlone))]
[Trait("Category", "Measurement")]
public sealed class HistoryMemoryTests(ITestOutputHelper output)
{
    private const int Megabyte = 1024 * 1024;

    private static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(5);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Subscribe_AMillionDistinctNamesWithAHistory_RetainsNothing()
    {
        const int names = 1_000_000;
        var publisher = NewPublisher();
        publisher.Publish("x", "room");
        SubscribeAndDispose(publisher, 2_000);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        SubscribeAndDispose(publisher, names);

        var each = (double)(GC.GetTotalMemory(forceFullCollection: true) - before) / names;
        output.WriteLine($"{each:F3} bytes left for each name");
        each.Should().BeLessThan(1);
        GC.KeepAlive(publisher);

        static void SubscribeAndDispose(Publisher publisher, int names)
        {
            for (var i = 0; i < names; i++)
                publisher.Subscribe($"own {i}").Dispose();
        }
    }

    [Fact]
    public void HistoryMaxAge_OneHundredThousandChannels_GiveTheirMemoryBack()
    {
        const int channels = 100_000;
        var publisher = NewPublisher();
        publisher.Publish("x", "first");
        EvictEverything();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < channels; i++)
            publisher.Publish("x", $"own {i}");
        var held = GC.GetTotalMemory(forceFullCollection: true) - before;

        EvictEverything();

        var left = GC.GetTotalMemory(forceFullCollection: true) - before;
        output.WriteLine($"{held:N0} bytes held by {channels:N0} channels ({(double)held / channels:F0} each), {left:N0} left");
        left.Should().BeLessThan(2 * channels);
        GC.KeepAlive(publisher);
    }

    [Fact]
    public void HistoryMaxAge_QuietChannelWithIdleSubscriber_GivesItsMemoryBack()
    {
        const int eventBytes = 10_000;
        var publisher = NewPublisher();
        var idle = publisher.Subscribe(new SubscribeOptions<object?>
        {
            Channels = "room",
            QueueOverflow = QueueOverflow.DropNewest,
            QueueCapacity = 1,
        });
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < 1_000; i++)
            publisher.Publish(new string('x', eventBytes), "room");
        var held = GC.GetTotalMemory(forceFullCollection: true) - before;

        EvictEverything();

        var left = GC.GetTotalMemory(forceFullCollection: true) - before;
        output.WriteLine($"{held:N0} bytes held by the history, {left:N0} left");
        held.Should().BeLessThan(1_100 * eventBytes, "an event is kept once, as UTF-8");
        left.Should().BeLessThan(5 * eventBytes, "the subscriber's queue has one event");
        GC.KeepAlive(publisher);
        GC.KeepAlive(idle);
    }

    [Fact]
    public async Task Replay_EverythingEvicted_KeepsNoEvictedEventAlive()
    {
        const int events = 100;
        var publisher = NewPublisher(2 * events * Megabyte);
        var seen = await PublishFirstAsync(publisher);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < events; i++)
            publisher.Publish(new string('x', Megabyte));
        var resumed = Enumerable.Range(0, 50).Select(_ => Resume(publisher, seen)).ToList();
        // Half of the clients have a copy that waits for them, and half are not read at all.
        var clients = resumed.Take(25).Select(subscription => new SlowClient(subscription)).ToList();
        foreach (var client in clients)
            await client.WaitAsync();
        var held = GC.GetTotalMemory(forceFullCollection: true) - before;

        EvictEverything();

        var left = GC.GetTotalMemory(forceFullCollection: true) - before;
        output.WriteLine($"{held:N0} bytes held by {events} events of 1 MB and 50 replays, {left:N0} left");
        held.Should().BeLessThan((events + 10) * Megabyte, "replays copy nothing");
        left.Should().BeLessThan(10 * Megabyte);
        resumed.Should().OnlyContain(
            subscription => subscription.Resume == ResumeResult.Resumed && subscription.EndReason == null);
        GC.KeepAlive(publisher);
        GC.KeepAlive(clients);
    }

    [Fact]
    public async Task Replay_OneOfManyChannelsIsNotFinished_KeepsNothingOfTheOthersAlive()
    {
        const int events = 900;
        var publisher = NewPublisher();
        var channels = Enumerable.Range(0, 200).Select(number => $"channel {number}").ToArray();
        using var before = publisher.Subscribe(channels);
        publisher.Publish("first", channels);
        var seen = (await before.AsItems().GetAsyncEnumerator().NextAsync()).EventId;
        before.Dispose();
        for (var i = 0; i < events; i++)
            publisher.Publish("x", channels);
        publisher.Publish("last", channels[0]);
        using var resumed = publisher.Subscribe(new SubscribeOptions<object?> { Channels = channels, LastEventId = seen });
        await using var reader = resumed.AsItems().GetAsyncEnumerator();
        for (var i = 0; i < events; i++)
            (await reader.NextAsync()).Data.Should().Be("x");
        resumed.QueuedEvents.Should().Be(1);
        var held = GC.GetTotalMemory(forceFullCollection: true);

        EvictEverything();

        var with = GC.GetTotalMemory(forceFullCollection: true);
        resumed.Dispose();
        var kept = with - GC.GetTotalMemory(forceFullCollection: true);
        output.WriteLine($"{kept:N0} bytes kept by the replay of one event, of {held:N0} before the eviction");
        kept.Should().BeLessThan(300_000, "a segment of each channel would take 800 KB");
        GC.KeepAlive(publisher);
    }

    private Publisher NewPublisher(long historyCapacityBytes = 64 * Megabyte) => new(new PublisherOptions
    {
        HistoryCapacity = 1_000,
        HistoryCapacityBytes = historyCapacityBytes,
        HistoryMaxAge = MaxAge,
        TimeProvider = _time,
    });

    private void EvictEverything()
    {
        for (var passed = TimeSpan.Zero; passed < 1.5 * MaxAge; passed += TimeSpan.FromSeconds(5))
            _time.Advance(TimeSpan.FromSeconds(5));
    }

    private static async Task<string> PublishFirstAsync(Publisher publisher)
    {
        using var subscription = publisher.Subscribe();
        publisher.Publish("first");
        return (await subscription.AsItems().GetAsyncEnumerator().NextAsync()).EventId!;
    }

    private static Subscription<object?> Resume(Publisher publisher, string lastEventId) => publisher.Subscribe(
        new SubscribeOptions<object?> { Channels = Publisher.DefaultChannel, LastEventId = lastEventId });
}
