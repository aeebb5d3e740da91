using System.Net.Http.Headers;

namespace ServerSentEvents.Client.Tests;

/// <summary>Tests when a client reconnects, and how long it waits.</summary>
public sealed class ReconnectionTests
{
    private static EventStreamClientOptions Seconds => new()
    {
        ReconnectionInterval = TimeSpan.FromSeconds(2),
        MaxReconnectionInterval = TimeSpan.FromSeconds(20),
    };

    [Fact]
    public async Task EndOfStream_Default_WaitsForTheReconnectionInterval()
    {
        (await WaitsAsync(new(), random: 0, "data: a\n\n")).Should().Equal(3);
        (await WaitsAsync(new(), random: 1, "data: a\n\n")).Should().Equal(4.5);
    }

    [Theory]
    [InlineData("retry: 5000\ndata: a\n\n", 5, "the field is honored")]
    [InlineData("retry: 5000\n", 5, "it needs no blank line")]
    [InlineData("retry:7000\nretry: 5000x\nretry: -1\nretry: 1.5\nretry\nretry: \n", 7, "other values are ignored (format-field-retry-bogus)")]
    [InlineData("retry: 0\n", 0.1, "a server cannot make a client spin")]
    [InlineData("retry: 99999999999999999999999999999999\n", 86_400, "a day is the longest time")]
    public async Task EndOfStream_Retry_WaitsForIt(string stream, double seconds, string because) =>
        (await WaitsAsync(new(), random: 0, stream)).Should().Equal([seconds], because);

    [Fact]
    public async Task Retry_LaterConnections_RemainsUntilTheServerChangesIt() =>
        (await WaitsAsync(new(), random: 0, "retry: 5000\ndata: a\n\n", "data: b\n\n", "retry: 1000\ndata: c\n\n")).Should().Equal(5, 5, 1);

    [Theory]
    [InlineData(0, new[] { 2, 3, 6, 10, 10, 10d })]
    [InlineData(1, new[] { 3, 6, 12, 20, 20, 20d })]
    public async Task EndOfStream_NoProgress_DoublesTheWaitUpToTheLongest(double random, double[] seconds) =>
        (await WaitsAsync(Seconds, random, "", "", "", ":\n\n", "", "")).Should().Equal(seconds);

    [Fact]
    public async Task EndOfStream_AnEvent_StartsAgainWithTheInterval() =>
        (await WaitsAsync(Seconds, random: 0, "", "", "", "data: a\n\n", "", "")).Should().Equal(2, 3, 6, 2, 2, 3);

    [Fact]
    public async Task EndOfStream_IntervalAboveTheLongest_IsHonored() =>
        (await WaitsAsync(Seconds, random: 1, "retry: 40000\n", "", "")).Should().Equal(60, 60, 60);

    [Fact]
    public async Task EndOfStream_LongQuietStream_IsProgress()
    {
        var time = new ClientTime { SkipsWaits = true };
        using var handler = new ScriptedHandler(
            ScriptedHandler.Stream(""), ScriptedHandler.Stream(""), QuietFor(4.9), QuietFor(5), ScriptedHandler.Stream(""));
        var options = Seconds;
        options.TimeProvider = time;

        await TestClient.New(handler, options).ReadAsync(TestClient.Uri).ToArrayAsync();

        time.Waits.Select(wait => wait.TotalSeconds).Should().Equal(2, 3, 6, 2, 2);

        Func<SentRequest, CancellationToken, Task<HttpResponseMessage>> QuietFor(double seconds) =>
            ScriptedHandler.Body(() => new ScriptedBody(Advancing(seconds)));

        IEnumerable<byte[]> Advancing(double seconds)
        {
            yield return [.. ":\n"u8];
            time.Advance(TimeSpan.FromSeconds(seconds));
            yield return [.. ":\n"u8];
        }
    }

    [Theory]
    [InlineData(503)]
    [InlineData(429)]
    public async Task TemporaryStatus_RetryAfter_IsTheShortestWait(int status)
    {
        var time = new ClientTime { SkipsWaits = true };
        var date = time.GetUtcNow() + TimeSpan.FromSeconds(300);
        using var handler = new ScriptedHandler(
            ScriptedHandler.Status(status, response => response.Headers.RetryAfter = new(TimeSpan.FromSeconds(200))),
            ScriptedHandler.Status(status, response => response.Headers.RetryAfter = new RetryConditionHeaderValue(date)),
            ScriptedHandler.Status(status, response => response.Headers.RetryAfter = new(TimeSpan.FromSeconds(1))),
            ScriptedHandler.Status(status, response => response.Headers.RetryAfter = new(date)),
            ScriptedHandler.Status(status, response => response.Headers.TryAddWithoutValidation("Retry-After", "soon")),
            ScriptedHandler.Status(status, response => response.Headers.RetryAfter = new(TimeSpan.FromDays(400))),
            ScriptedHandler.Status(status, response => response.Headers.TryAddWithoutValidation("Retry-After", "99999999999")));

        await TestClient.New(handler, new() { TimeProvider = time }).ReadAsync(TestClient.Uri).ToArrayAsync();

        time.Waits.Select(wait => wait.TotalSeconds).Should().Equal(200, 100, 9, 18, 30, 86_400, 86_400);
    }

    [Theory]
    [InlineData(-1, null)]
    [InlineData(1, null)]
    [InlineData(0, 50)]
    public async Task TemporaryStatus_RetryAfterAsADate_CountsFromTheServersDate(int hoursOfTheServer, int? secondsInACache)
    {
        var time = new ClientTime { SkipsWaits = true };
        var date = time.GetUtcNow() + TimeSpan.FromHours(hoursOfTheServer);
        var age = secondsInACache is { } seconds ? TimeSpan.FromSeconds(seconds) : (TimeSpan?)null;
        using var handler = new ScriptedHandler(ScriptedHandler.Status(503, response =>
            (response.Headers.Date, response.Headers.Age, response.Headers.RetryAfter) = (date, age, new(date + TimeSpan.FromSeconds(200)))));

        await TestClient.New(handler, new() { TimeProvider = time }).ReadAsync(TestClient.Uri).ToArrayAsync();

        time.Waits.Should().Equal(TimeSpan.FromSeconds(200 - (secondsInACache ?? 0)));
    }

    [Fact]
    public async Task TemporaryStatus_RetryAfter_IsSpreadByJitter()
    {
        var time = new ClientTime { SkipsWaits = true };
        using var handler = new ScriptedHandler(
            ScriptedHandler.Status(503, response => response.Headers.RetryAfter = new(TimeSpan.FromSeconds(200))));

        await TestClient.New(handler, new() { TimeProvider = time }, random: 1).ReadAsync(TestClient.Uri)
            .ToArrayAsync();

        time.Waits.Should().Equal(TimeSpan.FromSeconds(201.5));
    }

    [Fact]
    public async Task ConnectionFailed_AnyTime_ReconnectsAndResumes()
    {
        using var handler = new ScriptedHandler(
            ScriptedHandler.Failure(new HttpRequestException("refused")),
            ScriptedHandler.Body(() => new ScriptedBody([[.. "id: 1\ndata: a\n\nid: 2\ndata: x"u8]], new IOException("reset"))),
            ScriptedHandler.Failure(new TaskCanceledException("timeout", new TimeoutException())),
            ScriptedHandler.Body(() => new ScriptedBody([], new InvalidDataException("not gzip"))),
            ScriptedHandler.Stream("data: b\n\n"));

        TestClient.DataOf(await TestClient.ReadAllAsync(handler)).Should().Equal("a", "b");
        handler.Requests.Select(request => request.LastEventId).Should().Equal(null, null, "1", "1", "1", "1");
    }

    [Fact]
    public async Task DefaultRandom_ManyClients_SpreadsTheirWaits()
    {
        var waits = new List<TimeSpan>();
        for (var i = 0; i < 50; i++)
        {
            var time = new ClientTime { SkipsWaits = true };
            using var handler = ScriptedHandler.Of("");
            using var http = new HttpClient(handler);
            await new EventStreamClient(http, new() { TimeProvider = time }).ReadAsync(TestClient.Uri).ToArrayAsync();
            waits.AddRange(time.Waits);
        }

        waits.Should().OnlyContain(wait => wait >= TimeSpan.FromSeconds(3) && wait <= TimeSpan.FromSeconds(4.5));
        waits.Distinct().Should().HaveCountGreaterThan(40);
    }

    private static async Task<IEnumerable<double>> WaitsAsync(EventStreamClientOptions options, double random, params string[] streams)
    {
        var time = new ClientTime { SkipsWaits = true };
        options.TimeProvider = time;
        using var handler = ScriptedHandler.Of(streams);
        await TestClient.New(handler, options, random).ReadAsync(TestClient.Uri).ToArrayAsync();
        return time.Waits.Select(wait => wait.TotalSeconds);
    }
}
