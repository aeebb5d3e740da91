using System.Diagnostics;
using System.Diagnostics.Metrics;
using Xunit.Abstractions;

namespace ServerSentEvents.Tests;

/// <summary>Measures how long one operation makes others wait, as ratios within one run.</summary>
[Collection(nameof(RunAlone))]
[Trait("Category", "Measurement")]
public sealed class LockTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Resume_LargeHistory_DoesNotHoldUpPublishing()
    {
        const int events = 100_000;
        const int rounds = 7;
        var publisher = new Publisher(new PublisherOptions { HistoryCapacity = events });
        string[] channels = ["a", "b", "c", "d"];
        var first = publisher.Subscribe("a");
        for (var i = 0; i < events; i++)
            publisher.Publish("x", channels);
        var seen = (await first.AsItems().GetAsyncEnumerator().NextAsync()).EventId;
        first.Dispose();
        using var target = publisher.Subscribe(
            new SubscribeOptions<object?> { Channels = "other", QueueCapacity = 1, QueueOverflow = QueueOverflow.DropOldest });
        var without = new List<double>();
        var with = new List<double>();

        for (var round = -1; round < rounds; round++)
        {
            var unburdened = TimeToPublish(publisher, new() { Channels = channels });
            var burdened = TimeToPublish(publisher, new() { Channels = channels, LastEventId = seen });
            if (round < 0)
                continue;
            without.Add(unburdened);
            with.Add(burdened);
        }

        output.WriteLine(
            $"p99 of a publish while 4 threads resume over {events:N0} events in 4 channels: {with.Min():F3} ms ({Text(with)}), " +
            $"while they subscribe without an id: {without.Min():F3} ms ({Text(without)})");
        // Other work on the machine makes a round slower and never faster.
        with.Min().Should().BeLessThan((10 * without.Min()) + 3, "a resume holds the lock for a time that no event adds to");
    }

    [Fact]
    public async Task Publish_EvictsManyEvents_LetsOthersPublishInBetween()
    {
        const int events = 300_000;
        const int rounds = 7;
        var counts = new List<double>();
        for (var round = 0; round < rounds; round++)
        {
            var publisher = new Publisher(new PublisherOptions
            {
                HistoryCapacity = events,
                HistoryCapacityBytes = 1,
                HistoryMaxAge = null,
            });
            // These have no bytes, and are older than the event that is too large for the history.
            for (var i = 0; i < events; i++)
                publisher.Publish(static _ => "x", "room");
            using var isReady = new ManualResetEventSlim();
            var isOver = false;
            var published = 0;
            var others = OwnThread.RunAsync(() =>
            {
                for (; !Volatile.Read(ref isOver); isReady.Set())
                {
                    publisher.PublishComment("x", "other");
                    Interlocked.Increment(ref published);
                }
            });
            isReady.Wait(Streams.Limit).Should().BeTrue();

            var before = Volatile.Read(ref published);
            publisher.Publish("x", "room");
            counts.Add(Volatile.Read(ref published) - before);
            Volatile.Write(ref isOver, true);
            await others;
        }

        output.WriteLine(
            $"Another thread published {Median(counts):N0} times ({Text(counts)}) while one publish evicted {events:N0} events");
        Median(counts).Should().BeGreaterThan(200, "an eviction of many events releases the lock from time to time");
    }

    [Fact]
    public void Drain_WithJitter_TakesAboutAsLongAsClose()
    {
        const int subscribers = 20_000;
        const int rounds = 15;
        var closing = new List<double>();
        var draining = new List<double>();

        for (var round = -2; round < rounds; round++)
        {
            var close = TimeOf(publisher => publisher.Close());
            var drain = TimeOf(publisher => publisher.Drain());
            if (round < 0)
                continue;
            closing.Add(close);
            draining.Add(drain);
        }

        output.WriteLine(
            $"Drain of {subscribers:N0} subscribers with jitter takes {Median(draining):F1} ms ({Text(draining)}), " +
            $"Close {Median(closing):F1} ms ({Text(closing)})");
        Median(draining).Should().BeLessThan(2 * Median(closing));

        static double TimeOf(Action<Publisher> end)
        {
            var publisher = NewPublisherWithJitter();
            var subscriptions = new List<Subscription<object?>>();
            for (var i = 0; i < subscribers; i++)
                subscriptions.Add(publisher.Subscribe());
            // A collection in the middle would count for the one in which it happens.
            GC.Collect();
            var start = Stopwatch.GetTimestamp();
            end(publisher);
            var time = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            subscriptions.ForEach(subscription => subscription.Dispose());
            return time;
        }
    }

    [Fact]
    public void Drain_WithJitter_MakesNoFrameForEachSubscriber()
    {
        const int subscribers = 20_000;

        AllocatedBy(publisher => publisher.Drain());
        var closing = AllocatedBy(publisher => publisher.Close());
        var draining = AllocatedBy(publisher => publisher.Drain());

        var each = (double)(draining - closing) / subscribers;
        output.WriteLine($"Drain allocates {each:F0} bytes for each subscriber more than Close");
        each.Should().BeLessThan(100, "the first frame in a queue takes some memory, and a frame for each subscriber much more");

        static long AllocatedBy(Action<Publisher> end)
        {
            var publisher = NewPublisherWithJitter();
            var subscriptions = Enumerable.Range(0, subscribers).Select(_ => publisher.Subscribe()).ToList();
            var before = GC.GetAllocatedBytesForCurrentThread();
            end(publisher);
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            GC.KeepAlive(subscriptions);
            return allocated;
        }
    }

    [Fact]
    public void QueueBytes_ManySubscribers_DoNotHoldUpPublishing()
    {
        const int subscribers = 200_000;
        const int rounds = 5;
        var publisher = new Publisher();
        for (var i = 0; i < subscribers; i++)
            publisher.Subscribe();
        publisher.Subscribe("other");
        var collecting = new List<double>();
        var publishing = new List<double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument is { Meter.Name: "ServerSentEvents", Name: "server_sent_events.queue.bytes" })
                listener.EnableMeasurementEvents(instrument);
        };
        listener.StartUntilDisposed();

        for (var round = -1; round < rounds; round++)
        {
            var isCollecting = true;
            var collects = new List<double>();
            var collector = new Thread(() =>
            {
                for (var i = 0; i < 5; i++)
                {
                    var start = Stopwatch.GetTimestamp();
                    listener.RecordObservableInstruments();
                    collects.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                }

                Volatile.Write(ref isCollecting, false);
            });
            var publishes = new List<double>();
            collector.Start();
            while (Volatile.Read(ref isCollecting))
            {
                var start = Stopwatch.GetTimestamp();
                publisher.Publish("x", "other");
                publishes.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }

            collector.Join();
            if (round < 0)
                continue;
            collecting.Add(Median(collects));
            publishing.Add(publishes.Max());
        }

        output.WriteLine(
            $"Longest publish while another thread measures {subscribers:N0} queues: {publishing.Min():F3} ms ({Text(publishing)}), " +
            $"one measurement: {collecting.Min():F3} ms ({Text(collecting)})");
        // Other work on the machine makes a round slower and never faster.
        publishing.Min().Should().BeLessThan(collecting.Min() / 2, "a measurement releases the lock again and again");
        GC.KeepAlive(publisher);
    }

    private static Publisher NewPublisherWithJitter() => new(new PublisherOptions
    {
        ReconnectionInterval = TimeSpan.FromSeconds(2),
        ReconnectionJitter = TimeSpan.FromSeconds(10),
    });

    /// <summary>Returns the 99th percentile of the milliseconds of a publish while four threads subscribe and leave.</summary>
    private static double TimeToPublish(Publisher publisher, SubscribeOptions<object?> subscribing)
    {
        var duration = TimeSpan.FromMilliseconds(200);
        using var stop = new CancellationTokenSource();
        var stopping = stop.Token;
        var subscribed = 0;
        var threads = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            // A pause between two, because threads that do nothing else keep the lock busy with any work.
            while (!stopping.WaitHandle.WaitOne(millisecondsTimeout: 1))
            {
                publisher.Subscribe(subscribing).Dispose();
                Interlocked.Increment(ref subscribed);
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        SpinWait.SpinUntil(() => Volatile.Read(ref subscribed) >= 8, Streams.Limit).Should().BeTrue();
        var times = new List<double>();
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < duration)
        {
            var start = Stopwatch.GetTimestamp();
            publisher.Publish("x", "other");
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            // The others have time to take the lock, so that a long hold meets the next publish.
            var pause = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(pause).TotalMicroseconds < 50)
                Thread.SpinWait(10);
        }

        stop.Cancel();
        threads.ForEach(thread => thread.Join());
        return times.Order().ElementAt(times.Count * 99 / 100);
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static string Text(List<double> values) => string.Join(", ", values.Select(value => $"{value:F2}"));
}
