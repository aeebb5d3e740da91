using System.IO.Pipelines;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;

namespace ServerSentEvents.Tests;

/// <summary>
/// Tests how long a subscription that has ended waits for its reader: <see cref="PublisherOptions.LingerTimeout"/>.
/// </summary>
public sealed class LingerTests
{
    private const int Kilobyte = 1024;
    private const double LowestBytesPerSecond = 16 * Kilobyte;

    private static readonly TimeSpan LingerTimeout = TimeSpan.FromSeconds(40);

    private readonly TimerWatchingTimeProvider _time = new();
    private readonly Publisher _publisher;

    public LingerTests() => _publisher = new(new PublisherOptions
    {
        LingerTimeout = LingerTimeout,
        QueueCapacity = 4,
        QueueCapacityBytes = 10_000 * Kilobyte,
        TimeProvider = _time,
    });

    public static TheoryData<string> Ends =>
        ["close", "close publisher", "unsubscribe", "overflow", "drain", "dispose publisher"];

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task CopyToAsync_EndedAndClientTakesNothing_IsCutOffAfterTheTimeout(string end)
    {
        var subscription = _publisher.Subscribe();
        var client = new SlowClient(subscription);
        Publish(200 * Kilobyte);
        await client.WaitAsync();

        End(subscription, end);
        AdvanceTimeouts(0.75);
        subscription.QueuedEvents.Should().BePositive("the client has time left");
        AdvanceTimeouts(0.5);

        await client.Copy.WaitAsync(Limits.Patience);
        subscription.QueuedEvents.Should().Be(0);
        subscription.QueuedBytes.Should().Be(0);
        subscription.EndReason.Should().NotBeNull();
        await Limits.UntilAsync(() => NoTimerAfterNextLook());
    }

    [Theory]
    [InlineData("close", 10)]
    [InlineData("close publisher", 10)]
    [InlineData("unsubscribe", 200 * Kilobyte)]
    [InlineData("drain", 10)]
    [InlineData("dispose publisher", 200 * Kilobyte)]
    public async Task CopyToAsync_EndedWhileTheLastEventIsWritten_IsCutOffAfterTheTimeout(string end, int size)
    {
        var subscription = _publisher.Subscribe();
        var client = new SlowClient(subscription);
        _publisher.Publish(new string('x', size));
        await client.WaitAsync();

        End(subscription, end);
        AdvanceTimeouts(1.25);

        await client.Copy.WaitAsync(Limits.Patience);
    }

    [Fact]
    public async Task CopyToAsync_CutOff_ReleasesTheSubscription()
    {
        var clients = new List<SlowClient>();
        var subscriptions = Enumerable.Range(0, 10).Select(_ => SubscribeSlowClient(clients)).ToList();
        Publish(200 * Kilobyte);
        foreach (var client in clients)
            await client.WaitAsync();
        _publisher.Close();

        AdvanceTimeouts(1.25);
        await Task.WhenAll(clients.Select(client => client.Copy)).WaitAsync(Limits.Patience);

        await subscriptions.ShouldBecomeGarbageAsync();
        GC.KeepAlive(clients);

        [MethodImpl(MethodImplOptions.NoInlining)]
        WeakReference SubscribeSlowClient(List<SlowClient> clients)
        {
            var subscription = _publisher.Subscribe();
            clients.Add(new SlowClient(subscription));
            return new WeakReference(subscription);
        }
    }

    [Theory]
    [InlineData("close publisher")]
    [InlineData("dispose publisher")]
    public async Task CopyToAsync_EndedAndClientTakesSomeWithinEachTimeout_GetsEverything(string end)
    {
        var subscription = _publisher.Subscribe();
        var client = new SlowClient(subscription);
        var expected = Publish(150 * Kilobyte);
        await client.WaitAsync();
        End(subscription, end);
        var start = _time.GetTimestamp();

        do
        {
            AdvanceTimeouts(0.75);
            client.Take();
        }
        while (await client.WaitAsync() > 0);

        await client.Copy.WaitAsync(Limits.Patience);
        client.Taken.Should().Be(expected);
        _time.GetElapsedTime(start).Should().BeGreaterThan(5 * LingerTimeout).And.BeLessThan(10 * LingerTimeout);
    }

    [Fact]
    public async Task CopyToAsync_EndedAndClientTakesTooLittle_IsCutOffAfterTenTimeouts()
    {
        var subscription = _publisher.Subscribe();
        var client = new SlowClient(subscription);
        Publish(1_000 * Kilobyte);
        await client.WaitAsync();
        subscription.Close();

        for (var i = 0; i < 19; i++)
        {
            AdvanceTimeouts(0.5);
            client.Take();
            (await client.WaitAsync()).Should().BePositive("{0} half timeouts have passed", i + 1);
        }

        AdvanceTimeouts(0.75);
        await client.Copy.WaitAsync(Limits.Patience);
        subscription.QueuedEvents.Should().Be(0);
        client.Taken.Length.Should().BeLessThan(300 * Kilobyte);
    }

    [Theory]
    [InlineData("close")]
    [InlineData("dispose publisher")]
    public async Task CopyToAsync_EndedAndClientTakesTheLowestRate_GetsEverything(string end)
    {
        var subscription = _publisher.Subscribe();
        var client = new SlowClient(subscription);
        // The timer looks just before the last bytes are taken.
        var expected = Publish(8_960 * Kilobyte);
        var offered = await client.WaitAsync();
        End(subscription, end);
        var start = _time.GetTimestamp();

        for (; offered > 0; offered = await client.WaitAsync())
        {
            _time.Advance(TimeSpan.FromSeconds(offered / LowestBytesPerSecond));
            client.Take();
        }

        await client.Copy.WaitAsync(Limits.Patience);
        client.Taken.Length.Should().Be(expected.Length);
        (client.Taken == expected).Should().BeTrue();
        _time.GetElapsedTime(start).Should().BeGreaterThan(13 * LingerTimeout, "this is more than ten timeouts");
    }

    [Fact]
    public async Task Enumerate_EndedAndSlowReader_IsCutOffAfterTheTimeOfTheLowestRate()
    {
        var publisher = new Publisher(new PublisherOptions
        {
            LingerTimeout = LingerTimeout,
            QueueCapacityBytes = 10_000 * Kilobyte,
            TimeProvider = _time,
        });
        var subscription = publisher.Subscribe();
        for (var i = 0; i < 100; i++)
            publisher.Publish($"{i}");
        publisher.Publish(new string('x', 9_600 * Kilobyte));
        await using var reader = subscription.GetAsyncEnumerator();
        publisher.Dispose();
        var start = _time.GetTimestamp();

        // At the lowest rate it takes 600 seconds, or 15 timeouts.
        for (var i = 0; i < 19; i++)
        {
            (await reader.NextAsync()).Should().Be($"data: {i}\n\n");
            AdvanceTimeouts(0.75);
        }

        _time.GetElapsedTime(start).Should().Be(14.25 * LingerTimeout);
        (await reader.NextAsync()).Should().Be("data: 19\n\n");
        subscription.QueuedEvents.Should().Be(81);
        AdvanceTimeouts(0.5);
        (await reader.NextAsync()).Should().Be("data: 20\n\n");
        AdvanceTimeouts(0.75);

        await Limits.UntilAsync(() => subscription.QueuedEvents == 0);
        await reader.ShouldEndAsync();
    }

    [Fact]
    public async Task CopyToAsync_CanceledAndWriterIgnoresIt_RaisesUnsubscribedAfterTheTimeout()
    {
        using var cancellation = new CancellationTokenSource();
        var ends = 0;
        _publisher.Unsubscribed += (_, arguments) =>
        {
            arguments.Subscription.EndReason.Should().Be(SubscriptionEndReason.Canceled);
            Interlocked.Increment(ref ends);
        };
        var subscription = _publisher.Subscribe(initialData: ["x"]);
        var writer = new StubbornWriter();
        var copy = subscription.CopyToAsync(writer, cancellation.Token);
        await writer.Flushing.WaitAsync(Limits.Patience);

        await cancellation.CancelAsync();
        AdvanceTimeouts(0.75);
        Volatile.Read(ref ends).Should().Be(0, "the writer has time left");
        AdvanceTimeouts(0.5);

        await Limits.UntilAsync(() => Volatile.Read(ref ends) == 1);
        copy.IsCompleted.Should().BeFalse("the copy still uses the writer");
        writer.Flushed.SetResult(default);
        await copy.Invoking(it => it.WaitAsync(Limits.Patience)).Should().ThrowAsync<OperationCanceledException>();
        Volatile.Read(ref ends).Should().Be(1);
        await Limits.UntilAsync(() => NoTimerAfterNextLook());
    }

    [Fact]
    public async Task CopyToAsync_CanceledAndNothingHoldsTheWriter_RaisesUnsubscribedAfterTheTimeout()
    {
        var ends = 0;
        _publisher.Unsubscribed += (_, _) => Interlocked.Increment(ref ends);

        await Task.Run(CopyAndCancelAsync);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        AdvanceTimeouts(1.25);

        await Limits.UntilAsync(() => Volatile.Read(ref ends) == 1);

        async Task CopyAndCancelAsync()
        {
            using var cancellation = new CancellationTokenSource();
            var writer = new StubbornWriter();
            _ = _publisher.Subscribe(initialData: ["x"]).CopyToAsync(writer, cancellation.Token);
            await writer.Flushing.WaitAsync(Limits.Patience);
            await cancellation.CancelAsync();
        }
    }

    [Fact]
    public async Task CopyToAsync_CanceledAndWriterReturnsWithinTheTimeout_RaisesUnsubscribedAtOnce()
    {
        using var cancellation = new CancellationTokenSource();
        var ends = 0;
        _publisher.Unsubscribed += (_, _) => Interlocked.Increment(ref ends);
        var writer = new StubbornWriter();
        var copy = _publisher.Subscribe(initialData: ["x"]).CopyToAsync(writer, cancellation.Token);
        await writer.Flushing.WaitAsync(Limits.Patience);

        await cancellation.CancelAsync();
        writer.Flushed.SetResult(default);

        await copy.Invoking(it => it.WaitAsync(Limits.Patience)).Should().ThrowAsync<OperationCanceledException>();
        Volatile.Read(ref ends).Should().Be(1);
        AdvanceTimeouts(2);
        await Limits.UntilAsync(() => NoTimerAfterNextLook());
        Volatile.Read(ref ends).Should().Be(1);
    }

    [Fact]
    public async Task CopyToAsync_StuckClientsCutOff_HealthyClientGetsEverything()
    {
        var stuck = new SlowClient(_publisher.Subscribe());
        var subscription = _publisher.Subscribe();
        var healthy = new SlowClient(subscription);
        var expected = Publish(200 * Kilobyte);
        await stuck.WaitAsync();
        await healthy.WaitAsync();
        _publisher.Close();

        AdvanceTimeouts(0.75);
        healthy.Take();
        await healthy.WaitAsync();
        AdvanceTimeouts(0.5);
        await stuck.Copy.WaitAsync(Limits.Patience);
        healthy.Take();
        await healthy.TakeAllAsync();

        await healthy.Copy.WaitAsync(Limits.Patience);
        healthy.Taken.Should().Be(expected);
    }

    [Fact]
    public async Task CopyToAsync_OpenAndClientTakesNothing_IsNeverCutOff()
    {
        var subscription = _publisher.Subscribe();
        var client = new SlowClient(subscription);
        var expected = Publish(200 * Kilobyte);
        await client.WaitAsync();
        // Another subscription that ends and lingers starts the timer.
        var ended = _publisher.Subscribe(initialData: ["x"]);
        ended.Close();

        AdvanceTimeouts(20);

        await Limits.UntilAsync(() => ended.QueuedEvents == 0);
        subscription.EndReason.Should().BeNull();
        subscription.QueuedEvents.Should().Be(1, "the first event is being written, and the second waits");
        _publisher.Close();
        client.Take();
        await client.TakeAllAsync();
        client.Taken.Should().Be(expected);
    }

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task Enumerate_EndedAndReaderStops_IsCutOffAfterTheTimeout(string end)
    {
        var subscription = _publisher.Subscribe();
        await using var reader = subscription.GetAsyncEnumerator();
        for (var i = 0; i < 4; i++)
            _publisher.Publish($"{i}");
        (await reader.NextAsync()).Should().Be("data: 0\n\n");

        End(subscription, end);
        AdvanceTimeouts(0.75);
        (await reader.NextAsync()).Should().Be("data: 1\n\n");
        AdvanceTimeouts(1);
        (await reader.NextAsync()).Should().Be("data: 2\n\n", "the timeout begins again when the reader takes an event");
        subscription.QueuedEvents.Should().BePositive();
        AdvanceTimeouts(1.5);

        await Limits.UntilAsync(() => subscription.QueuedEvents == 0);
        await reader.ShouldEndAsync();
    }

    [Fact]
    public async Task Enumerate_EndedAndReaderIsTooSlow_IsCutOffAfterTenTimeouts()
    {
        var publisher = new Publisher(new PublisherOptions { LingerTimeout = LingerTimeout, TimeProvider = _time });
        var subscription = publisher.Subscribe();
        await using var reader = subscription.GetAsyncEnumerator();
        for (var i = 0; i < 100; i++)
            publisher.Publish($"{i}");
        publisher.Dispose();

        for (var i = 0; i < 19; i++)
        {
            (await reader.NextAsync()).Should().Be($"data: {i}\n\n");
            AdvanceTimeouts(0.5);
        }

        AdvanceTimeouts(0.75);
        await Limits.UntilAsync(() => subscription.QueuedEvents == 0);
        await reader.ShouldEndAsync();
    }

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task Subscribe_EndedAndNeverRead_IsCutOffAfterTheTimeout(string end)
    {
        var subscription = _publisher.Subscribe(initialData: ["initial"]);
        _publisher.Publish("x");

        End(subscription, end);
        AdvanceTimeouts(0.75);
        subscription.QueuedEvents.Should().BeGreaterThanOrEqualTo(2, "a reader can still come");
        AdvanceTimeouts(0.5);

        await Limits.UntilAsync(() => subscription.QueuedEvents == 0);
        (await subscription.ToArrayAsync()).Should().BeEmpty();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Close_OtherSubscriptionIsReleasedBeforeItOrAtTheSameTime_StillStartsTheTimeout(bool isAtTheSameTime)
    {
        var time = new HookedTimeProvider();
        var publisher = new Publisher(new PublisherOptions { LingerTimeout = LingerTimeout, TimeProvider = time });
        var first = publisher.Subscribe(initialData: ["x"]);
        var second = publisher.Subscribe(initialData: ["x"]);
        var last = publisher.Subscribe(initialData: ["x"]);
        first.Close();
        second.Close();
        // The clock is read after the end and outside every lock. Another thread can do anything at that time.
        if (isAtTheSameTime)
            time.BeforeTimestamp = first.Dispose;
        else
            first.Dispose();
        last.Close();

        for (var i = 0; i < 50; i++)
            time.Advance(LingerTimeout / 4);

        await Limits.UntilAsync(() => second.QueuedEvents == 0);
        await Limits.UntilAsync(() => last.QueuedEvents == 0);
        GC.KeepAlive(publisher);
    }

    [Fact]
    public async Task Dispose_SubscriptionsLinger_StopsTheTimerAfterTheLastOne()
    {
        var subscription = _publisher.Subscribe(initialData: ["x"]);
        _time.RunningTimers.Should().Be(0, "no subscription lingers");

        _publisher.Dispose();
        _time.RunningTimers.Should().Be(1);
        AdvanceTimeouts(1.25);

        await Limits.UntilAsync(() => subscription.QueuedEvents == 0);
        _time.RunningTimers.Should().Be(0);
    }

    [Fact]
    public async Task Dispose_ClientIsReadyToReadWhileTheTimerStops_LeavesNoTimer()
    {
        var isMaking = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var mayResume = new ManualResetEventSlim();
        using var publisher = new Publisher(new PublisherOptions
        {
            LingerTimeout = LingerTimeout,
            HistoryCapacity = 10,
            HistoryMaxAge = null,
            TimeProvider = _time,
        });
        publisher.Publish(new SseItem<string>("0") { EventId = "a" });
        publisher.Publish(_ =>
        {
            isMaking.SetResult();
            mayResume.Wait(Limits.Patience);
            return "1";
        });
        // The timer runs, and has nothing to do.
        publisher.Subscribe().Dispose();
        _time.RunningTimers.Should().Be(1);
        var resuming = Task.Run(() => publisher.Subscribe(new SubscribeOptions<object?> { LastEventId = "a" }));
        await isMaking.Task.WithinPatience();

        _time.Disposing = callback =>
        {
            _time.Disposing = null;
            // Another callback is under way. Then a subscription that has ended before it began has events to read.
            callback();
            mayResume.Set();
            resuming.Wait(Limits.Patience);
        };
        publisher.Dispose();
        var subscription = await resuming.WithinPatience();
        _time.RunningTimers.Should().Be(1, "the subscription lingers");
        AdvanceTimeouts(2);

        await Limits.UntilAsync(() => subscription.QueuedEvents == 0);
        AdvanceTimeouts(0.5);
        _time.LiveTimers.Should().Be(0);
    }

    [Fact]
    public async Task Close_EveryQueueIsRead_StopsTheTimer()
    {
        var subscription = _publisher.Subscribe(initialData: ["x"]);
        _publisher.Close();
        _time.RunningTimers.Should().Be(1);

        await subscription.ToArrayAsync();
        AdvanceTimeouts(0.25);

        _time.RunningTimers.Should().Be(0);
    }

    [Fact]
    public async Task Close_ClockThrew_NextEndStartsTheTimer()
    {
        var time = new FailingTimeProvider { Fails = true };
        using var publisher = new Publisher(new PublisherOptions { LingerTimeout = LingerTimeout, TimeProvider = time });
        var first = publisher.Subscribe(initialData: ["x"]);
        var second = publisher.Subscribe(initialData: ["x"]);
        first.Invoking(subscription => subscription.Close()).Should().Throw<AggregateException>();

        time.Fails = false;
        second.Close();
        for (var i = 0; i < 8; i++)
            time.Advance(LingerTimeout / 4);

        await Limits.UntilAsync(() => first.QueuedEvents == 0 && second.QueuedEvents == 0);
    }

    /// <summary>Publishes a large and a small event. Returns the stream of both.</summary>
    private string Publish(int size)
    {
        var data = new string('x', size);
        _publisher.Publish(data);
        _publisher.Publish("small");
        return $"data: {data}\n\ndata: small\n\n";
    }

    private void End(Subscription<object?> subscription, string end)
    {
        switch (end)
        {
            case "close":
                subscription.Close();
                break;
            case "close publisher":
                _publisher.Close();
                break;
            case "unsubscribe":
                _publisher.Unsubscribe();
                break;
            case "overflow":
                for (var i = 0; i < 5; i++)
                    _publisher.Publish("more");
                break;
            case "drain":
                _publisher.Drain();
                break;
            default:
                _publisher.Dispose();
                break;
        }

        subscription.EndReason.Should().NotBeNull();
    }

    /// <summary>Advances the clock by a number of timeouts, in steps of a quarter of one.</summary>
    private void AdvanceTimeouts(double timeouts)
    {
        for (var passed = 0.0; passed < timeouts; passed += 0.25)
            _time.Advance(LingerTimeout / 4);
    }

    private bool NoTimerAfterNextLook()
    {
        AdvanceTimeouts(0.25);
        return _time.RunningTimers == 0;
    }

    /// <summary>A fake clock that can fail to create timers.</summary>
    private sealed class FailingTimeProvider : FakeTimeProvider
    {
        public bool Fails { get; set; }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            Fails ? throw new InvalidOperationException("The clock fails.") : base.CreateTimer(callback, state, dueTime, period);
    }

    /// <summary>A pipe writer whose flush ignores its token, and ends when the test says so.</summary>
    private sealed class StubbornWriter : NullPipeWriter
    {
        private readonly byte[] _memory = new byte[4_096];
        private readonly TaskCompletionSource _flushing = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Flushing => _flushing.Task;

        public TaskCompletionSource<FlushResult> Flushed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            _flushing.TrySetResult();
            return new(Flushed.Task);
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => _memory;

        public override Span<byte> GetSpan(int sizeHint = 0) => _memory;
    }

    /// <summary>A fake clock that calls back once when the time is asked for.</summary>
    private sealed class HookedTimeProvider : FakeTimeProvider
    {
        public Action? BeforeTimestamp { get; set; }

        public override long GetTimestamp()
        {
            var hook = BeforeTimestamp;
            BeforeTimestamp = null;
            hook?.Invoke();
            return base.GetTimestamp();
        }
    }
}
