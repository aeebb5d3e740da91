using System.Net;

namespace ServerSentEvents.Client.Tests;

/// <summary>Tests that no server makes a client spin, hang or leave something behind.</summary>
[Collection(nameof(RunAlone))]
public sealed class HostileTests
{
    [Fact]
    public async Task Read_AnySequenceOfAnswers_NeverAttemptsTwiceWithoutAWait()
    {
        Func<SentRequest, CancellationToken, Task<HttpResponseMessage>>[] answers =
        [
            ScriptedHandler.Status(401),
            ScriptedHandler.Status(404),
            ScriptedHandler.Status(503, response => response.Headers.RetryAfter = new(TimeSpan.Zero)),
            ScriptedHandler.Stream(""),
            ScriptedHandler.Stream("retry: 0\ndata: a\n\n"),
            ScriptedHandler.Stream($"data: {new string('x', 200)}\n\n"),
            ScriptedHandler.Failure(new HttpRequestException("refused")),
            ScriptedHandler.Failure(new InvalidOperationException("of a handler")),
            ScriptedHandler.Body(() => new ScriptedBody([], new IOException("reset"))),
        ];
        var random = new Random(1);
        const int attempts = 1_000;
        var script = random.GetItems(answers, attempts);
        using var handler = new ScriptedHandler(script);
        var time = new ClientTime { SkipsWaits = true };
        var options = new EventStreamClientOptions { TimeProvider = time, MaxEventBytes = 100, ShouldReconnect = _ => true };

        await TestClient.New(handler, options).ReadAsync(TestClient.Uri).ToArrayAsync();

        handler.Requests.Should().HaveCount(attempts + 1);
        var unauthorized = script.Count(answer => answer == answers[0]);
        time.Waits.Should().OnlyContain(wait => wait >= TimeSpan.FromMilliseconds(100));
        time.Waits.Count.Should().BeGreaterThanOrEqualTo(attempts - unauthorized, "only a 401 leads to an attempt without a wait");
    }

    [Fact]
    public async Task Read_ManyConnections_LeaveNoMemoryBehind()
    {
        const int attempts = 20_000;
        var id = new string('x', 4_000);
        using var handler = new CountingHandler(attempts, () => ScriptedHandler.Response(new ScriptedBody([[.. "data: a\nid: "u8]])));
        using var canceled = new CancellationTokenSource();
        var client = TestClient.New(handler, new() { TimeProvider = new SkippingTime(), LastEventId = id });
        await client.ReadAsync(TestClient.Uri, canceled.Token).ToArrayAsync();
        handler.Reset();
        var before = GC.GetTotalMemory(forceFullCollection: true);

        await client.ReadAsync(TestClient.Uri, canceled.Token).ToArrayAsync();

        (GC.GetTotalMemory(forceFullCollection: true) - before).Should().BeLessThan(50L * attempts, "a connection would hold more");
    }

    [Fact]
    public async Task Read_HttpClientIsDisposed_Ends()
    {
        using var handler = new ScriptedHandler(ScriptedHandler.Stream("data: a\n\n"));
        var http = new HttpClient(handler);
        var options = new EventStreamClientOptions { TimeProvider = new ClientTime { SkipsWaits = true }, Disconnected = _ => http.Dispose() };

        var read = () => new EventStreamClient(http, options).ReadAsync(TestClient.Uri).ToArrayAsync();

        await read.Should().ThrowAsync<ObjectDisposedException>();
    }

    [Fact]
    public async Task Read_BodyCannotBeOpened_Reconnects()
    {
        using var handler = new ScriptedHandler(
            (_, _) => Task.FromResult(new HttpResponseMessage { Content = new BrokenContent() }), ScriptedHandler.Stream("data: a\n\n"));

        TestClient.DataOf(await TestClient.ReadAllAsync(handler)).Should().Equal("a");
    }

    private sealed class CountingHandler(int attempts, Func<HttpResponseMessage> respond) : HttpMessageHandler
    {
        private int _count;

        internal void Reset() => _count = 0;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(++_count > attempts ? new HttpResponseMessage(HttpStatusCode.NoContent) : respond());
    }

    /// <summary>A clock whose waits end at once, and that remembers none.</summary>
    private sealed class SkippingTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime == Timeout.InfiniteTimeSpan ? dueTime : TimeSpan.Zero, period);
    }

    private sealed class BrokenContent : HttpContent
    {
        internal BrokenContent() => Headers.TryAddWithoutValidation("Content-Type", "text/event-stream");

        protected override Task<Stream> CreateContentReadStreamAsync() => throw new IOException("broken");

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => throw new IOException("broken");

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
