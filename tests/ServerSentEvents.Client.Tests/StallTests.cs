namespace ServerSentEvents.Client.Tests;

/// <summary>Tests that a silent server leads to a new connection.</summary>
public sealed class StallTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Read_SilentStream_ReconnectsAfterTheTimeout()
    {
        var time = new ClientTime();
        var ends = new List<EventStreamDisconnection>();
        using var handler = new ScriptedHandler(
            ScriptedHandler.Body(() => new ScriptedBody([[.. "id: 1\ndata: a\n\n"u8]], hangs: true)), ScriptedHandler.Stream("data: b\n\n"));
        await using var events = TestClient.New(handler, new() { TimeProvider = time, Disconnected = ends.Add })
            .ReadAsync(TestClient.Uri).GetAsyncEnumerator();
        await events.NextAsync();
        await time.NextStallTimeoutAsync();
        await time.NextStallTimeoutAsync();

        var next = events.NextAsync();
        (await time.NextStallTimeoutAsync()).Should().Be(Timeout);
        time.Advance(Timeout - TimeSpan.FromTicks(1));
        ends.Should().BeEmpty();
        time.Advance(TimeSpan.FromTicks(1));
        time.Advance(await time.NextWaitAsync());

        (await next).Data.Should().Be("b");
        var end = ends.Should().ContainSingle().Subject;
        (end.Reason, end.Message).Should().Be((EventStreamEndReason.Stalled, "Nothing was received for 00:01:00."));
        handler.Requests.Last().LastEventId.Should().Be("1");
        handler.Bodies.First().IsDisposed.Should().BeTrue();
    }

    [Fact]
    public async Task Read_BodyEndsOnStall_ReportsStalled()
    {
        var time = new ClientTime();
        var ends = new List<EventStreamDisconnection>();
        using var handler = new ScriptedHandler(
            ScriptedHandler.Body(() => new ScriptedBody([], hangs: true, endsWhenCanceled: true)));
        var reading = TestClient.New(handler, new() { TimeProvider = time, Disconnected = ends.Add })
            .ReadAsync(TestClient.Uri).ToArrayAsync();
        // The client waits for the response, for its body, and for a byte.
        for (var wait = 0; wait < 3; wait++)
            await time.NextStallTimeoutAsync();

        time.Advance(Timeout);
        time.Advance(await time.NextWaitAsync());

        await reading;
        ends.Select(end => end.Reason).Should().Equal(EventStreamEndReason.Stalled, EventStreamEndReason.NoContent);
    }

    [Fact]
    public async Task Read_StreamsThatStaySilent_CountAsFailedAttempts()
    {
        var time = new ClientTime();
        var ends = new List<EventStreamDisconnection>();
        using var handler = new ScriptedHandler(
            Silent(), Silent(), Silent(), ScriptedHandler.Stream("data: a\n\n"));
        await using var events = TestClient.New(handler, new() { TimeProvider = time, Disconnected = ends.Add })
            .ReadAsync(TestClient.Uri).GetAsyncEnumerator();

        var next = events.NextAsync();
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            // The client waits for the response, for its body, and for a byte.
            for (var wait = 0; wait < 3; wait++)
                await time.NextStallTimeoutAsync();
            time.Advance(Timeout);
            time.Advance(await time.NextWaitAsync());
        }

        (await next).Data.Should().Be("a");
        ends.Select(end => end.FailedAttempts).Should().Equal(1, 2, 3);

        static Func<SentRequest, CancellationToken, Task<HttpResponseMessage>> Silent() =>
            ScriptedHandler.Body(() => new ScriptedBody([], hangs: true));
    }

    [Fact]
    public async Task Read_NoHeaders_ReconnectsAfterTheTimeout()
    {
        var time = new ClientTime();
        using var handler = new ScriptedHandler(
            async (_, token) =>
            {
                await Task.Delay(System.Threading.Timeout.InfiniteTimeSpan, TimeProvider.System, token);
                throw new InvalidOperationException("unreachable");
            },
            ScriptedHandler.Stream("data: a\n\n"));
        await using var events = TestClient.New(handler, new() { TimeProvider = time }).ReadAsync(TestClient.Uri).GetAsyncEnumerator();

        var next = events.NextAsync();
        await time.NextStallTimeoutAsync();
        time.Advance(Timeout);
        time.Advance(await time.NextWaitAsync());

        (await next).Data.Should().Be("a");
    }

    [Fact]
    public async Task Read_Heartbeats_KeepTheConnection()
    {
        var time = new ClientTime { SkipsWaits = true };
        var ends = new List<EventStreamDisconnection>();
        using var handler = new ScriptedHandler(ScriptedHandler.Body(() => new ScriptedBody(Heartbeats())));

        TestClient.DataOf(await TestClient.New(handler, new() { TimeProvider = time, Disconnected = ends.Add }).ReadAsync(TestClient.Uri).ToArrayAsync())
            .Should().Equal("a");
        handler.Requests.Should().HaveCount(2, "the stream ended once");
        ends[0].FailedAttempts.Should().Be(0);

        IEnumerable<byte[]> Heartbeats()
        {
            for (var i = 0; i < 10; i++)
            {
                time.Advance(Timeout - TimeSpan.FromTicks(1));
                yield return [.. ":\n"u8];
            }

            yield return [.. "data: a\n\n"u8];
        }
    }

    [Fact]
    public async Task Read_SlowReader_IsNoStall()
    {
        var time = new ClientTime { SkipsWaits = true };
        using var handler = new ScriptedHandler(
            ScriptedHandler.Body(() => new ScriptedBody([[.. "data: a\n\n"u8], [.. "data: b\n\n"u8]])));

        var data = new List<string>();
        await foreach (var item in TestClient.New(handler, new() { TimeProvider = time }).ReadAsync(TestClient.Uri))
        {
            data.Add(item.Data);
            time.Advance(10 * Timeout);
        }

        data.Should().Equal("a", "b");
        handler.Requests.Should().HaveCount(2, "the stream ended once");
    }

    [Fact]
    public async Task Read_InfiniteTimeout_WaitsForever()
    {
        var time = new ClientTime();
        using var handler = new ScriptedHandler(ScriptedHandler.Body(() => new ScriptedBody([], hangs: true)));
        using var canceled = new CancellationTokenSource();
        var options = new EventStreamClientOptions { TimeProvider = time, StallTimeout = System.Threading.Timeout.InfiniteTimeSpan };
        var connected = new TaskCompletionSource();
        options.Connected = _ => connected.SetResult();

        var reading = TestClient.New(handler, options).ReadAsync(TestClient.Uri, canceled.Token).ToArrayAsync();
        await connected.Task.WaitAsync(Limits.Patience);
        time.Advance(TimeSpan.FromDays(30));

        handler.Requests.Should().ContainSingle();
        await canceled.CancelAsync();
        await reading.Invoking(task => task).Should().ThrowAsync<OperationCanceledException>();
        time.StallTimeouts.Should().Be(0);
    }
}
