using System.Diagnostics;
using System.IO.Pipelines;
using Xunit.Abstractions;

namespace ServerSentEvents.Tests;

/// <summary>Measures the delivery to many copies while the thread pool has other work.</summary>
[Collection(nameof(RunAlone))]
[Trait("Category", "Measurement")]
public sealed class BacklogTests(ITestOutputHelper output)
{
    private const int Subscribers = 1_000;

    [Theory]
    [InlineData(10)]
    [InlineData(100)]
    public async Task CopyToAsync_ThreadPoolHasABacklog_DeliversAboutAsFastAsEnumerators(int milliseconds)
    {
        const int rounds = 5;
        var copied = new List<double>();
        var enumerated = new List<double>();

        for (var round = -1; round < rounds; round++)
        {
            var byCopy = await TimeToLastAsync(Copy, milliseconds);
            var byEnumerator = await TimeToLastAsync(Enumerate, milliseconds);
            if (round < 0)
                continue;
            copied.Add(byCopy);
            enumerated.Add(byEnumerator);
        }

        output.WriteLine(
            $"{milliseconds} ms of other work: the last of {Subscribers:N0} copies had the event after {Median(copied):F0} ms " +
            $"({Text(copied)}), the last of as many enumerators after {Median(enumerated):F0} ms ({Text(enumerated)})");
        // A turn ends by time, so a slow processor needs more turns. With turns of 8 copies, copies would take 20 to 60 times as long.
        Median(copied).Should().BeLessThan(10 * Median(enumerated));

        static void Copy(Subscription<object?> subscription, Arrivals arrivals) =>
            _ = subscription.CopyToAsync(new ArrivalWriter(arrivals));

        static void Enumerate(Subscription<object?> subscription, Arrivals arrivals) => _ = Task.Run(async () =>
        {
            await foreach (var _ in subscription)
                arrivals.Add();
        });
    }

    /// <summary>Returns the milliseconds from a publish until the last subscriber has the event.</summary>
    private static async Task<double> TimeToLastAsync(Action<Subscription<object?>, Arrivals> read, int milliseconds)
    {
        var publisher = new Publisher();
        var arrivals = new Arrivals();
        for (var i = 0; i < Subscribers; i++)
            read(publisher.Subscribe(), arrivals);
        var last = arrivals.Expect(Subscribers);
        publisher.Publish("warm-up");
        await last.WaitAsync(Limits.Patience);

        // Each item takes a millisecond, and stands in the queue again.
        var backlog = new Backlog(milliseconds * Environment.ProcessorCount);
        await backlog.Started.WaitAsync(Limits.Patience);
        last = arrivals.Expect(Subscribers);
        var start = Stopwatch.GetTimestamp();
        publisher.Publish("measured");
        var end = await last.WaitAsync(Limits.Patience);

        await backlog.StopAsync().WaitAsync(Limits.Patience);
        publisher.Close();
        return Stopwatch.GetElapsedTime(start, end).TotalMilliseconds;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static string Text(List<double> values) => string.Join(", ", values.Select(value => $"{value:F0}"));

    /// <summary>Counts events that arrive, and keeps the time of the last one.</summary>
    private sealed class Arrivals
    {
        private TaskCompletionSource<long> _last = new();
        private int _missing;

        public Task<long> Expect(int count)
        {
            _last = new(TaskCreationOptions.RunContinuationsAsynchronously);
            Volatile.Write(ref _missing, count);
            return _last.Task;
        }

        public void Add()
        {
            if (Interlocked.Decrement(ref _missing) == 0)
                _last.SetResult(Stopwatch.GetTimestamp());
        }
    }

    /// <summary>Other work of the thread pool.</summary>
    private sealed class Backlog : IThreadPoolWorkItem
    {
        private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile bool _isStopping;
        private int _items;
        private int _runs;

        public Backlog(int items)
        {
            _items = items;
            for (var i = 0; i < items; i++)
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

        /// <summary>Completes when the items are at work.</summary>
        public Task Started => _started.Task;

        public Task StopAsync()
        {
            _isStopping = true;
            return _stopped.Task;
        }

        public void Execute()
        {
            var start = Stopwatch.GetTimestamp();
            while (!_isStopping && Stopwatch.GetElapsedTime(start).TotalMilliseconds < 1)
                Thread.SpinWait(20);
            if (Interlocked.Increment(ref _runs) == 4)
                _started.TrySetResult();
            if (!_isStopping)
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            else if (Interlocked.Decrement(ref _items) == 0)
                _stopped.SetResult();
        }
    }

    /// <summary>A pipe writer that takes everything at once, and counts its flushes.</summary>
    private sealed class ArrivalWriter(Arrivals arrivals) : NullPipeWriter
    {
        private static readonly byte[] Scratch = new byte[4_096];

        public override Memory<byte> GetMemory(int sizeHint = 0) => Scratch;

        public override Span<byte> GetSpan(int sizeHint = 0) => Scratch;

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            arrivals.Add();
            return default;
        }
    }
}
