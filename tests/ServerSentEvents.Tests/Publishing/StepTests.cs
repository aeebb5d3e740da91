using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace ServerSentEvents.Tests;

/// <summary>
/// Tests that long work releases the lock again and again. Another thread then sees a state that exists only in the middle of
/// the work. Each test repeats the work until that has happened.
/// </summary>
[Collection(nameof(RunAlone))]
public sealed class StepTests
{
    [Fact]
    public async Task Publish_EvictsManyEvents_LetsOthersInBetween()
    {
        const int capacityBytes = 4_000_000;
        var large = new string('x', capacityBytes - 1_000);
        var start = Stopwatch.GetTimestamp();
        for (var isSeen = false; !isSeen;)
        {
            Stopwatch.GetElapsedTime(start).Should().BeLessThan(Limits.Patience, "an eviction releases the lock");
            using var publisher = new Publisher(
                new PublisherOptions { HistoryCapacity = int.MaxValue, HistoryCapacityBytes = capacityBytes });
            PublishMany(publisher);
            var early = await IdOfNextAsync(publisher);
            PublishMany(publisher);
            var late = await IdOfNextAsync(publisher);
            PublishMany(publisher);

            using var isReady = new ManualResetEventSlim();
            var others = OwnThread.RunAsync(() =>
            {
                while (CanResume(publisher, early))
                    isReady.Set();
                return CanResume(publisher, late);
            });
            isReady.Wait(Limits.Patience).Should().BeTrue();
            publisher.Publish(large);
            // The early event is gone, and the late one is still there.
            isSeen = await others;
        }
    }

    [Fact]
    public async Task HistoryMaxAge_ManyExpiredEvents_LetsOthersInBetween()
    {
        var maxAge = TimeSpan.FromMinutes(5);
        var start = Stopwatch.GetTimestamp();
        for (var isSeen = false; !isSeen;)
        {
            Stopwatch.GetElapsedTime(start).Should().BeLessThan(Limits.Patience, "an eviction releases the lock");
            var time = new FakeTimeProvider();
            using var publisher = new Publisher(
                new PublisherOptions { HistoryCapacity = int.MaxValue, HistoryMaxAge = maxAge, TimeProvider = time });
            PublishMany(publisher);
            PublishMany(publisher);
            // These bytes can be read without the lock.
            var history = Private.Get(Private.Get(Private.Get(publisher, "_core"), "Registry"), "_history");
            var all = (long)Private.Get(history, "Bytes");

            using var isReady = new ManualResetEventSlim();
            var others = OwnThread.RunAsync(() =>
            {
                isReady.Set();
                for (var isInBetween = false; ;)
                {
                    var before = (long)Private.Get(history, "Bytes");
                    // This call takes the lock. If the eviction held it to the end, nothing would be left afterwards.
                    publisher.GetSubscribers();
                    var after = (long)Private.Get(history, "Bytes");
                    if (after == 0)
                        return isInBetween;
                    isInBetween |= before < all;
                }
            });
            isReady.Wait(Limits.Patience).Should().BeTrue();
            time.Advance(1.25 * maxAge);
            isSeen = await others;
        }
    }

    [Fact]
    public async Task QueueBytes_ManySubscribers_LetOthersInBetween()
    {
        using var publisher = new Publisher();
        foreach (var channel in (string[])["first", "last"])
        {
            for (var i = 0; i < 10_000; i++)
                publisher.Subscribe(channel);
        }

        using var moving = publisher.Subscribe("moving");
        publisher.Publish("x", "moving");
        moving.Join("first");
        moving.Leave("moving");
        var eventBytes = moving.QueuedBytes;
        long measured = 0;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument is { Meter.Name: "ServerSentEvents", Name: "server_sent_events.queue.bytes" })
                listener.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, bytes, _, _) => measured = bytes);
        listener.StartUntilDisposed();
        // Publishers of earlier tests count too, as long as they are not collected.
        var before = Garbage.SettledValue(() =>
        {
            listener.RecordObservableInstruments();
            return measured;
        });

        var stop = false;
        var others = OwnThread.RunAsync(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                moving.Join("last");
                moving.Leave("first");
                moving.Join("first");
                moving.Leave("last");
            }
        });
        try
        {
            await Limits.UntilAsync(
                () =>
                {
                    listener.RecordObservableInstruments();
                    // A subscriber that moves in the middle of a measurement counts twice or not at all.
                    return Math.Abs(measured - before) == eventBytes;
                },
                "a measurement releases the lock");
        }
        finally
        {
            Volatile.Write(ref stop, true);
            await others;
        }
    }

    [Fact]
    public async Task Heartbeat_ManySubscribers_ReleasesTheLockBetweenSteps()
    {
        var interval = TimeSpan.FromSeconds(15);
        var start = Stopwatch.GetTimestamp();
        for (var isSeen = false; !isSeen;)
        {
            Stopwatch.GetElapsedTime(start).Should().BeLessThan(Limits.Patience, "heartbeats release the lock");
            var time = new FakeTimeProvider();
            using var publisher = new Publisher(new PublisherOptions { HeartbeatInterval = interval, TimeProvider = time });
            var subscriptions = Enumerable.Range(0, 20_000).Select(_ => publisher.Subscribe()).ToList();
            Subscription<object?>[] ends = [subscriptions[0], subscriptions[^1]];

            using var isReady = new ManualResetEventSlim();
            var others = OwnThread.RunAsync(() =>
            {
                isReady.Set();
                while (true)
                {
                    var hasBegun = ends.Any(HasHeartbeat);
                    // This call takes the lock. If the heartbeats held it to the end, every subscriber would have one afterwards.
                    publisher.GetSubscribers("empty");
                    if (hasBegun)
                        return !ends.All(HasHeartbeat);
                }
            });
            isReady.Wait(Limits.Patience).Should().BeTrue();
            time.Advance(2 * interval);
            isSeen = await others;
        }

        static bool HasHeartbeat(Subscription<object?> subscription) => subscription.QueuedEvents > 0;
    }

    private static bool CanResume(Publisher publisher, string lastEventId)
    {
        using var subscription = publisher.Subscribe(new SubscribeOptions<object?> { LastEventId = lastEventId });
        return subscription.Resume == ResumeResult.Resumed;
    }

    private static void PublishMany(Publisher publisher)
    {
        for (var i = 0; i < 10_000; i++)
            publisher.Publish("x");
    }

    private static async Task<string> IdOfNextAsync(Publisher publisher)
    {
        using var subscription = publisher.Subscribe();
        publisher.Publish("x");
        return (await subscription.AsItems().GetAsyncEnumerator().NextAsync()).EventId!;
    }
}
