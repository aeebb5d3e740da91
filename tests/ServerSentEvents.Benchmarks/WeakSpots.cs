using System.Diagnostics;
using System.Globalization;
using System.IO.Pipelines;

namespace ServerSentEvents.Benchmarks;

/// <summary>
/// Measures what is expensive by nature: large channels, large events, busy thread pools, and clients that do not read. Run it
/// for two builds in turns to compare them.
/// </summary>
internal static class WeakSpots
{
    private const int Rounds = 5;

    internal static async Task RunAsync()
    {
        Console.WriteLine("| What | median | unit |");
        Console.WriteLine("|---|---:|---|");
        foreach (var backlog in (int[])[10, 100])
        {
            await PrintAsync($"1 event to 1,000 copies, {backlog} ms of other work", "ms", () => BacklogAsync(backlog, copies: true));
            await PrintAsync($"1 event to 1,000 readers, {backlog} ms of other work", "ms", () => BacklogAsync(backlog, copies: false));
        }

        await PrintAsync("publish to 50,000 copies", "ms", () => Task.FromResult(PublishToMany(copies: true)));
        await PrintAsync("publish to 50,000 subscribers without a copy", "ms", () => Task.FromResult(PublishToMany(copies: false)));
        foreach (var channels in (int[])[1, 4])
            await PrintAsync($"longest publish beside a resume of 100,000 events in {channels} channels", "ms", () => PublishBesideResumeAsync(channels));
        await PrintAsync("Drain with jitter, 100,000 subscribers", "ms", () => Task.FromResult(End(static publisher => publisher.Drain())));
        await PrintAsync("Close, 100,000 subscribers", "ms", () => Task.FromResult(End(static publisher => publisher.Close())));
        await PrintAsync("one 10 MB event to 100 stalled copies, beyond the event", "MB", () => StalledAsync(events: 1, size: 10_000_000, personalized: false));
        await PrintAsync("900 personalized 10 KB events, each of 100 stalled copies", "MB", async () =>
            await StalledAsync(events: 900, size: 10_000, personalized: true) / 100);
        await PrintAsync("100,000 events of a source to 100 readers", "ms", () => SourceAsync(hasStalledReader: false));
        await PrintAsync("100,000 events of a source to 100 readers, and one that never reads", "ms", () => SourceAsync(hasStalledReader: true));
    }

    private static async Task PrintAsync(string what, string unit, Func<Task<double>> measure)
    {
        await measure();
        var values = new double[Rounds];
        for (var i = 0; i < Rounds; i++)
            values[i] = await measure();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {what} | {values.Order().ElementAt(Rounds / 2):F1} | {unit} |"));
    }

    /// <summary>The time until the last of 1,000 has an event, while work items of one millisecond wait in the thread pool.</summary>
    private static async Task<double> BacklogAsync(int milliseconds, bool copies)
    {
        const int subscribers = 1_000;
        var publisher = new Publisher();
        var left = subscribers;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Receive()
        {
            if (Interlocked.Decrement(ref left) == 0)
                all.TrySetResult();
        }

        for (var i = 0; i < subscribers; i++)
        {
            var subscription = publisher.Subscribe();
            _ = copies ? subscription.CopyToAsync(new CountingWriter(Receive)) : ReadAsync(subscription, Receive);
        }

        var isWorking = true;
        void Work()
        {
            for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalMilliseconds < 1;)
            {
            }

            if (Volatile.Read(ref isWorking))
                ThreadPool.UnsafeQueueUserWorkItem(_ => Work(), null);
        }

        for (var i = 0; i < milliseconds * Environment.ProcessorCount; i++)
            ThreadPool.UnsafeQueueUserWorkItem(_ => Work(), null);
        await Task.Delay(50);
        var published = Stopwatch.GetTimestamp();
        publisher.Publish("x");
        await all.Task;
        var elapsed = Stopwatch.GetElapsedTime(published);
        Volatile.Write(ref isWorking, false);
        publisher.Dispose();
        return elapsed.TotalMilliseconds;
    }

    private static async Task ReadAsync(Subscription<object?> subscription, Action receive)
    {
        await foreach (var _ in subscription)
            receive();
    }

    /// <summary>Returns the time until 100 readers have all events of a source that never waits.</summary>
    private static async Task<double> SourceAsync(bool hasStalledReader)
    {
        const int events = 100_000;
        using var publisher = new Publisher();
        var readers = Enumerable.Range(0, 100).Select(_ => CountAsync(publisher.Subscribe())).ToList();
        if (hasStalledReader)
            publisher.Subscribe();
        var start = Stopwatch.GetTimestamp();
        await publisher.PublishAllAsync(MakeAsync());
        foreach (var reader in readers)
            await reader;
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;

        static async IAsyncEnumerable<string> MakeAsync()
        {
            await Task.Yield();
            for (var i = 0; i < events; i++)
                yield return "x";
        }

        static async Task CountAsync(Subscription<object?> subscription)
        {
            var left = events;
            await foreach (var _ in subscription)
            {
                if (--left == 0)
                    return;
            }

            throw new InvalidOperationException($"A reader was ended as {subscription.EndReason} before the last {left} events.");
        }
    }

    private static double PublishToMany(bool copies)
    {
        using var publisher = new Publisher();
        // As in a server, other objects lie in between. Equal distances in memory are luck: one build had 1.2, another 1.8 times plain.
        var random = new Random(1);
        var others = new List<byte[]>();
        for (var i = 0; i < 50_000; i++)
        {
            others.Add(new byte[random.Next(64)]);
            var subscription = publisher.Subscribe();
            if (copies)
                _ = subscription.CopyToAsync(new CountingWriter(static () => { }));
        }

        var times = new double[9];
        for (var i = 0; i < times.Length; i++)
        {
            Thread.Sleep(100);
            var start = Stopwatch.GetTimestamp();
            publisher.Publish("x");
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        GC.KeepAlive(others);
        return times.Order().ElementAt(times.Length / 2);
    }

    private static async Task<double> PublishBesideResumeAsync(int channels)
    {
        string[] names = [.. Enumerable.Range(0, channels).Select(i => $"{i}")];
        using var publisher = new Publisher(new PublisherOptions { HistoryCapacity = 100_000 });
        var first = publisher.Subscribe(names);
        publisher.Publish("first", names);
        await using var reader = first.AsItems().GetAsyncEnumerator();
        await reader.MoveNextAsync();
        var id = reader.Current.EventId;
        for (var i = 0; i < 100_000 * channels; i++)
            publisher.Publish("x", names[i % channels]);
        var longest = 0.0;
        var resuming = Task.Run(() =>
        {
            for (var i = 0; i < 20; i++)
                publisher.Subscribe(new SubscribeOptions<object?> { Channels = names, LastEventId = id }).Dispose();
        });
        while (!resuming.IsCompleted)
        {
            var start = Stopwatch.GetTimestamp();
            publisher.Publish("x", "other");
            longest = Math.Max(longest, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            Thread.Yield();
        }

        return longest;
    }

    private static double End(Action<Publisher> end)
    {
        using var publisher = new Publisher(new PublisherOptions
        {
            ReconnectionInterval = TimeSpan.FromSeconds(1),
            ReconnectionJitter = TimeSpan.FromSeconds(30),
        });
        for (var i = 0; i < 100_000; i++)
            publisher.Subscribe();
        var start = Stopwatch.GetTimestamp();
        end(publisher);
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    /// <summary>Megabytes that are held for copies whose clients take nothing.</summary>
    private static async Task<double> StalledAsync(int events, int size, bool personalized)
    {
        using var publisher = new Publisher();
        var data = new string('x', size);
        var pipes = new Pipe[100];
        for (var i = 0; i < pipes.Length; i++)
        {
            pipes[i] = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1));
            _ = publisher.Subscribe().CopyToAsync(pipes[i].Writer);
        }

        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < events; i++)
        {
            if (personalized)
                publisher.Publish(_ => data[1..]);
            else
                publisher.Publish(data);
        }

        foreach (var pipe in pipes)
            await pipe.Reader.ReadAsync();
        await Task.Delay(200);
        var held = GC.GetTotalMemory(forceFullCollection: true) - before - (personalized ? 0 : size);
        GC.KeepAlive(pipes);
        return held / 1e6;
    }

    /// <summary>A writer that keeps nothing, and calls back when a flush has written something.</summary>
    private sealed class CountingWriter(Action flushed) : PipeWriter
    {
        private static readonly byte[] Buffer = new byte[4096];

        public override void Advance(int bytes)
        {
        }

        public override void CancelPendingFlush()
        {
        }

        public override void Complete(Exception? exception = null)
        {
        }

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            flushed();
            return default;
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => sizeHint > Buffer.Length ? new byte[sizeHint] : Buffer;

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }
}
