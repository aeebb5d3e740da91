using System.Diagnostics;
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
        })
        { IsBackground = true }).ToList();
        var times = new List<double>();
        threads.ForEach(thread => thread.Start());
        try
        {
            SpinWait.SpinUntil(() => Volatile.Read(ref subscribed) >= 8, Limits.Patience).Should().BeTrue();
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
        }
        finally
        {
            stop.Cancel();
            threads.ForEach(thread => thread.Join());
        }

        return times.Order().ElementAt(times.Count * 99 / 100);
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static string Text(List<double> values) => string.Join(", ", values.Select(value => $"{value:F2}"));
}
