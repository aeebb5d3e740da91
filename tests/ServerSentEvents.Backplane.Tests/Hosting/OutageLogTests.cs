using System.Collections.Concurrent;

namespace ServerSentEvents.Backplane.Tests.Hosting;

/// <summary>Tests the lines in the log about an outage.</summary>
public sealed class OutageLogTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly InMemoryStream _stream = new("orders");
    private readonly ChangedTransport _changed;

    public OutageLogTests() => _changed = new ChangedTransport(_stream);

    [Fact]
    public async Task Outage_OfHalfAMinute_TakesAFewLines()
    {
        await using var node = await StartAsync();
        var start = _time.GetUtcNow();
        _stream.Stop();

        await PassAsync(TimeSpan.FromSeconds(30), attempts: 12);

        var lines = LinesOf(node);
        // On a busy machine, the attempts take more of the test's time. Each direction repeats its line once in a minute.
        lines.Should().HaveCountLessThanOrEqualTo(8 + (2 * (int)(_time.GetUtcNow() - start).TotalMinutes));
        foreach (var direction in new[] { "publishing", "reading" })
        {
            lines.First(line => line.Contains(direction, StringComparison.Ordinal)).Should().StartWith(
                $"Stream orders: there is no connection for {direction}: The broker is away. System.IO.IOException: The broker is away.");
        }
    }

    [Fact]
    public async Task Delivery_PersonalizeThrowsForEachEvent_IsLoggedTenTimesInAMinute()
    {
        await using var node = await _time.StartNodeAsync(_changed, options => options.Personalize = static (item, _) =>
            item.Data == "good" ? item : throw new InvalidOperationException("no template"));
        await using var client = node.Connect();
        await node.PublishAsync("bad", 200);
        await node.PublishAsync("good");
        await client.NextAsync();

        node.Log.Warnings.Should().HaveCount(10).And.OnlyContain(line => line.Contains("no template", StringComparison.Ordinal));
        _time.Advance(TimeSpan.FromMinutes(1));
        await node.PublishAsync("bad", 1);
        await node.PublishAsync("good");
        await client.NextAsync();

        node.Log.Warnings.Should().HaveCount(12)
            .And.EndWith("190 more log entries of kind 9 were left out within a minute. ");
    }

    [Fact]
    public async Task Outage_OfMinutes_IsRepeatedEachMinuteWithoutTheException()
    {
        await using var node = await StartAsync();
        _stream.Stop();

        await PassAsync(TimeSpan.FromSeconds(150), attempts: 12);

        var repeated = LinesOf(node).Where(line => line.Contains("still", StringComparison.Ordinal)).ToList();
        repeated.Should().HaveCountGreaterThanOrEqualTo(2);
        repeated.Should().OnlyContain(line => !line.Contains("IOException", StringComparison.Ordinal));
        repeated.Should().Contain("Stream orders: there is still no connection for reading: The broker is away. ");
    }

    [Fact]
    public async Task Outage_IsOver_EachDirectionLogsItOnceAndTheNextOutageInFull()
    {
        await using var node = await StartAsync();
        await using var client = node.Connect();
        for (var outage = 1; outage <= 2; outage++)
        {
            _stream.Stop();
            await Limits.UntilAsync(() => !node.Backplane.IsCaughtUp);
            _stream.Start();
            await _time.AdvanceUntilAsync(() => LinesOf(node).Count == 4 * outage);
            await node.PublishAsync("a");
            await client.NextAsync();
            _time.Advance(TimeSpan.FromSeconds(5));
        }

        LinesOf(node).Count(line => line == "Stream orders: connected again for publishing. ").Should().Be(2);
        LinesOf(node).Count(line => line == "Stream orders: connected again for reading. ").Should().Be(2);
        LinesOf(node).Count(line => line.Contains("IOException", StringComparison.Ordinal)).Should().Be(4);
    }

    [Fact]
    public async Task Outage_ConnectionsAreLostAsSoonAsTheyWork_IsOneOutage()
    {
        await using var node = await StartAsync();
        _time.Advance(TimeSpan.FromSeconds(5));

        for (var loss = 1; loss <= 10; loss++)
        {
            var (readers, writers) = (_changed.ReadersOpened, _changed.WritersOpened);
            _stream.Cut();
            await _time.AdvanceUntilAsync(() => _changed.ReadersOpened > readers && _changed.WritersOpened > writers);
            await Limits.UntilAsync(() => _stream.Connections == 2 && node.Backplane.IsCaughtUp);
        }

        // One line for each direction. On a busy machine, a connection can last for more than five seconds of the test's clock.
        LinesOf(node).Where(line => line.Contains("there is", StringComparison.Ordinal)).Should().HaveCount(count => count >= 2 && count <= 10);
    }

    [Fact]
    public async Task Start_FirstConnectionWorks_IsNotCalledAReconnection()
    {
        await using var node = await StartAsync();

        node.Log.Lines.Should().Equal("Stream orders: this node has caught up at offset 0. ");
    }

    [Fact]
    public async Task Unblocked_ShownByAConfirmation_IsNotLoggedUnderALockOfTheTransport()
    {
        await using var node = await StartAsync();
        _stream.Block("low on disk");
        _changed.LoseWriter();
        await Limits.UntilAsync(() => node.Log.Warnings.Any(line => line.Contains("no connection for publishing", StringComparison.Ordinal)));
        _stream.Block(null);
        await _time.AdvanceUntilAsync(() => _changed.WritersOpened == 2);
        var confirming = new TaskCompletionSource();
        _changed.ConfirmAfter(confirming.Task);
        var publishing = node.PublishAsync("a");
        await Limits.UntilAsync(() => _stream.Messages.Count == 2);
        object gate = new();
        var logged = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        node.Log.Logged = line =>
        {
            if (line.Contains("takes events again", StringComparison.Ordinal))
                logged.TrySetResult(Monitor.IsEntered(gate));
        };

        // The confirmation comes in this call.
        lock (gate)
            confirming.SetResult();

        (await logged.Task.WithinPatience()).Should().BeFalse();
        await publishing;
    }

    [Fact]
    public async Task Unblocked_WhileTheBlockIsLogged_IsLoggedAfterIt()
    {
        await using var node = await StartAsync();
        var lines = new ConcurrentQueue<string>();
        node.Log.Logged = line =>
        {
            // The block ends before the log has its line.
            if (line.Contains("blocks publishers", StringComparison.Ordinal))
                _stream.Block(null);
            lines.Enqueue(line);
        };

        _stream.Block("low on disk");

        await Limits.UntilAsync(() => lines.Count == 2);
        lines.Should().Equal("Stream orders: the broker blocks publishers: low on disk ", "Stream orders: the broker takes events again. ");
    }

    private Task<TestNode> StartAsync() => _time.StartNodeAsync(_changed);

    private static List<string> LinesOf(TestNode node) =>
        [.. node.Log.Lines.Where(line => line.Contains("connect", StringComparison.Ordinal))];

    /// <summary>Lets a time pass, in which both directions make a number of attempts.</summary>
    private async Task PassAsync(TimeSpan duration, int attempts)
    {
        var until = _time.GetUtcNow() + duration;
        for (var attempt = 0; attempt < attempts || _time.GetUtcNow() < until; attempt++)
        {
            var (readers, writers) = (_changed.ReadersOpened, _changed.WritersOpened);
            await _time.AdvanceUntilAsync(() => _changed.ReadersOpened > readers && _changed.WritersOpened > writers);
        }
    }
}
