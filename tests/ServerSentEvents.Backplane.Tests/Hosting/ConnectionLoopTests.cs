using ServerSentEvents.Backplane.Internal.Hosting;
using ServerSentEvents.Internal.Diagnostics;

namespace ServerSentEvents.Backplane.Tests.Hosting;

/// <summary>Tests the delays between attempts to connect, and what is reported when an attempt fails.</summary>
public sealed class ConnectionLoopTests : IDisposable
{
    private readonly SkippingTime _time = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConnectionLoop _loop;

    public ConnectionLoopTests() => _loop = new ConnectionLoop(
        "reading", new StripedCounter(), "orders", new StreamPublisherSettings(new TestPublisherOptions { TimeProvider = _time }));

    public void Dispose() => _stopping.Dispose();

    [Fact]
    public async Task RunAsync_BrokerStaysAway_DoublesTheDelayUpToTwoSeconds()
    {
        await RunAsync(attempts: 9, connectedFor: null);

        DelaysShouldBe(50, 100, 200, 400, 800, 1_600, 2_000, 2_000);
    }

    [Fact]
    public async Task RunAsync_EachConnectionIsLostSoon_DoublesTheDelay()
    {
        await RunAsync(attempts: 5, connectedFor: TimeSpan.FromSeconds(4.9));

        // The first loss is a new outage. The next ones belong to it.
        DelaysShouldBe(50, 100, 200, 400);
    }

    [Fact]
    public async Task RunAsync_EachConnectionLastsFiveSeconds_StartsWithTheShortestDelayAgain()
    {
        await RunAsync(attempts: 5, connectedFor: TimeSpan.FromSeconds(5));

        DelaysShouldBe(50, 50, 50, 50);
    }

    [Fact]
    public async Task RunAsync_ManyNodesLoseTheBroker_SpreadsTheirDelays()
    {
        for (var node = 0; node < 50; node++)
        {
            var loop = new ConnectionLoop(
                "reading", new StripedCounter(), "orders", new StreamPublisherSettings(new TestPublisherOptions { TimeProvider = _time }));
            using var stopping = new CancellationTokenSource();
            await RunAsync(loop, stopping, attempts: 2, connectedFor: null);
        }

        _time.Delays.Should().HaveCount(50);
        _time.Delays.Distinct().Should().HaveCountGreaterThan(10, "a timer has 25 different delays in whole milliseconds");
    }

    [Fact]
    public async Task RunAsync_LibraryCancelsACommand_ReportsThatTheBrokerHasNotAnswered()
    {
        var reported = new List<Exception>();

        await _loop.RunAsync<Connection>(
            _ => Task.FromCanceled<Connection>(new CancellationToken(canceled: true)),
            (_, _, _) => Task.CompletedTask,
            reason =>
            {
                reported.Add(reason);
                _stopping.Cancel();
            },
            _stopping.Token).WithinPatience();

        reported.Should().ContainSingle().Which.Should().BeOfType<TimeoutException>()
            .Which.Message.Should().Be("The broker has not answered in time.");
    }

    [Fact]
    public async Task RunAsync_ReportOfALossThrows_TriesAgain()
    {
        var attempts = 0;

        await _loop.RunAsync<Connection>(
            _ =>
            {
                if (++attempts == 3)
                    _stopping.Cancel();
                throw new IOException("The broker is away.");
            },
            (_, _, _) => Task.CompletedTask,
            _ => throw new InvalidOperationException("of a clock"),
            _stopping.Token).WithinPatience();

        attempts.Should().Be(3);
    }

    [Fact]
    public async Task RunAsync_ClockMakesNoTimer_TriesAgainByTheSystemsClock()
    {
        var attempts = 0;
        var settings = new StreamPublisherSettings(new TestPublisherOptions { TimeProvider = new TimerlessTime() });
        var loop = new ConnectionLoop("reading", new StripedCounter(), "orders", settings);

        await loop.RunAsync<Connection>(
            _ => throw new InvalidOperationException("not reached"),
            (_, _, _) => Task.CompletedTask,
            _ =>
            {
                if (++attempts == 2)
                    _stopping.Cancel();
            },
            _stopping.Token).WithinPatience();

        attempts.Should().Be(2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task RunAsync_ServerStaysSilent_AttemptEndsAfterAMinute(bool observesTheToken)
    {
        var time = new FakeTimeProvider();
        var loop = new ConnectionLoop(
            "reading", new StripedCounter(), "orders", new StreamPublisherSettings(new TestPublisherOptions { TimeProvider = time }));
        var reported = new TaskCompletionSource<Exception>(TaskCreationOptions.RunContinuationsAsynchronously);
        var attempts = 0;
        var running = loop.RunAsync<Connection>(
            token =>
            {
                Interlocked.Increment(ref attempts);
                var silent = new TaskCompletionSource<Connection>();
                if (observesTheToken)
                    token.Register(() => silent.TrySetCanceled(token));
                return silent.Task;
            },
            (_, _, _) => Task.CompletedTask,
            reason => reported.TrySetResult(reason),
            _stopping.Token);
        await Limits.UntilAsync(() => attempts == 1);

        time.AdvanceSeconds(59);
        reported.Task.IsCompleted.Should().BeFalse();
        time.AdvanceSeconds(1);

        (await reported.Task.WithinPatience()).Should().BeOfType<TimeoutException>()
            .Which.Message.Should().Be("The broker has not answered in time.");
        await time.AdvanceUntilAsync(() => attempts == 2);
        await _stopping.CancelAsync();
        await running.WithinPatience();
    }

    private Task RunAsync(int attempts, TimeSpan? connectedFor) => RunAsync(_loop, _stopping, attempts, connectedFor);

    /// <summary>Makes attempts. Each gets no connection, or one that is lost after a time. The last one stops the loop.</summary>
    private Task RunAsync(ConnectionLoop loop, CancellationTokenSource stopping, int attempts, TimeSpan? connectedFor)
    {
        var made = 0;
        return loop.RunAsync(
            _ =>
            {
                if (++made == attempts)
                    stopping.Cancel();
                return connectedFor is null ? throw new IOException("The broker is away.") : Task.FromResult(new Connection());
            },
            (_, connected, _) =>
            {
                connected();
                _time.Advance(connectedFor!.Value);
                throw new IOException("The connection is lost.");
            },
            static _ => { },
            stopping.Token).WithinPatience();
    }

    /// <summary>Compares each delay with a longest one. A delay is at least half of that.</summary>
    private void DelaysShouldBe(params int[] longest)
    {
        _time.Delays.Should().HaveCount(longest.Length);
        foreach (var (delay, milliseconds) in _time.Delays.Zip(longest))
            delay.TotalMilliseconds.Should().BeInRange(milliseconds / 2.0, milliseconds);
    }

    /// <summary>A clock that a test moves. Delays end at once. Limits of attempts use real time.</summary>
    private sealed class SkippingTime : TimeProvider
    {
        private long _ticks;

        internal List<TimeSpan> Delays { get; } = [];

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime >= TimeSpan.FromSeconds(30))
                return base.CreateTimer(callback, state, dueTime, period);
            Delays.Add(dueTime);
            return base.CreateTimer(callback, state, TimeSpan.Zero, period);
        }

        internal void Advance(TimeSpan duration) => _ticks += duration.Ticks;
    }

    private sealed class TimerlessTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            throw new InvalidOperationException("of a clock");
    }

    private sealed class Connection : IStreamConnection
    {
        public Task<Exception> Lost { get; } = new TaskCompletionSource<Exception>().Task;

        public ValueTask DisposeAsync() => default;
    }
}
