using System.Net;

namespace ServerSentEvents.Client.Tests;

/// <summary>Tests what the client sends, and how it treats the function that makes requests.</summary>
public sealed class RequestTests
{
    [Fact]
    public async Task Read_Uri_SendsAGetWithTheHeadersOfAnEventSource()
    {
        using var handler = ScriptedHandler.Of("id: a b\ndata: a\n\n");

        await TestClient.ReadAllAsync(handler);

        var request = handler.Requests.First();
        request.Method.Should().Be(HttpMethod.Get);
        request.Headers.Should().BeEquivalentTo(
            new Dictionary<string, string> { ["Accept"] = "text/event-stream", ["Cache-Control"] = "no-cache" });
        handler.Requests.Last().LastEventId.Should().Be("a b");
    }

    [Theory]
    [InlineData("application/json, text/event-stream", "application/json, text/event-stream")]
    [InlineData("text/*", "text/*")]
    [InlineData("*/*", "*/*")]
    [InlineData("application/json", "text/event-stream")]
    [InlineData("not a media type", "text/event-stream")]
    public async Task Read_HttpClientHasDefaultHeaders_SendsThoseThatFitStreams(string accept, string expected)
    {
        using var handler = ScriptedHandler.Of("data: a\n\n");
        using var http = new HttpClient(handler);
        http.DefaultRequestHeaders.TryAddWithoutValidation("Accept", accept);
        http.DefaultRequestHeaders.Add("Cache-Control", "no-store");

        await using var events = new EventStreamClient(http).ReadAsync(TestClient.Uri).GetAsyncEnumerator();
        await events.NextAsync();

        handler.Requests.First().Headers.Should().BeEquivalentTo(
            new Dictionary<string, string> { ["Accept"] = expected, ["Cache-Control"] = "no-store" });
    }

    [Fact]
    public async Task Read_LastEventIdOfTheOptions_IsSentFirstAndThenReplaced()
    {
        using var handler = ScriptedHandler.Of("data: a\n\n", "id: 2\n\n");

        var events = await TestClient.ReadAllAsync(handler, new() { LastEventId = "1" });

        handler.Requests.Select(request => request.LastEventId).Should().Equal("1", "1", "2");
        events.Should().ContainSingle().Which.EventId.Should().Be("1", "browsers keep the id of the previous connection");
    }

    [Fact]
    public async Task Read_EachEnumeration_StartsAgain()
    {
        using var handler = new ScriptedHandler(
            ScriptedHandler.Stream("id: 1\ndata: a\n\n"), ScriptedHandler.Status(204), ScriptedHandler.Stream("data: b\n\n"));
        var stream = TestClient.NewWithoutWaits(handler).ReadAsync(TestClient.Uri);

        handler.Requests.Should().BeEmpty("nothing is sent before the enumeration");
        TestClient.DataOf(await stream.ToArrayAsync()).Should().Equal("a");
        TestClient.DataOf(await stream.ToArrayAsync()).Should().Equal("b");
        handler.Requests.Select(request => request.LastEventId).Should().Equal(null, "1", null, null);
    }

    [Fact]
    public async Task Read_PostByAFunction_SendsItsBodyAndHeadersEachTime()
    {
        using var handler = ScriptedHandler.Of("id: 1\ndata: a\n\n");
        var requests = new List<HttpRequestMessage>();

        await TestClient.NewWithoutWaits(handler).ReadAsync(async token =>
        {
            await Task.Yield();
            token.CanBeCanceled.Should().BeFalse("the reader has given no token");
            var request = new HttpRequestMessage(HttpMethod.Post, TestClient.Uri) { Content = new StringContent("{}") };
            request.Headers.Add("Accept", "text/event-stream, application/json");
            request.Headers.Add("Cache-Control", "no-store");
            request.Headers.Add("Last-Event-ID", "mine");
            requests.Add(request);
            return request;
        }).ToArrayAsync();

        handler.Requests.Should().HaveCount(2).And.OnlyContain(request => request.Method == HttpMethod.Post && request.Body == "{}"
            && request.Headers["Accept"] == "text/event-stream, application/json" && request.Headers["Cache-Control"] == "no-store");
        handler.Requests.Select(request => request.LastEventId).Should().Equal(["mine", "1"], "a known id replaces another");
        foreach (var request in requests)
            await request.Content!.Invoking(content => content.ReadAsStringAsync()).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Fact]
    public async Task Read_FunctionFailsTemporarily_TriesAgain()
    {
        using var handler = ScriptedHandler.Of("data: a\n\n");
        var failures = new Queue<Exception>(
            [new HttpRequestException("token"), new IOException(), new TimeoutException(), new WebException(), new TaskCanceledException()]);

        var events = await TestClient.NewWithoutWaits(handler).ReadAsync(_ => failures.TryDequeue(out var failure)
            ? throw failure
            : new(new HttpRequestMessage(HttpMethod.Get, TestClient.Uri))).ToArrayAsync();

        TestClient.DataOf(events).Should().Equal("a");
    }

    [Fact]
    public async Task Read_FunctionOrHandlerFailsOtherwise_ThrowsItsException()
    {
        using var handler = new ScriptedHandler(ScriptedHandler.Failure(new NotSupportedException("of a handler")));
        var client = TestClient.NewWithoutWaits(handler);

        var byHandler = () => client.ReadAsync(TestClient.Uri).ToArrayAsync();
        var byFunction = () => client.ReadAsync(_ => throw new FormatException("of the function")).ToArrayAsync();
        var byNull = () => client.ReadAsync(_ => default).ToArrayAsync();
        var byReuse = () =>
        {
            var request = new HttpRequestMessage(HttpMethod.Get, TestClient.Uri);
            return TestClient.NewWithoutWaits(ScriptedHandler.Of("")).ReadAsync(_ => new(request)).ToArrayAsync();
        };

        await byHandler.Should().ThrowAsync<NotSupportedException>().WithMessage("of a handler");
        await byFunction.Should().ThrowAsync<FormatException>().WithMessage("of the function");
        await byNull.Should().ThrowAsync<InvalidOperationException>().WithMessage("*returned null*");
        await byReuse.Should().ThrowAsync<InvalidOperationException>();
    }

    [Fact]
    public async Task Read_FunctionGetsARefusalByAWebException_ThrowsIt()
    {
        using var handler = ScriptedHandler.Of("data: a\n\n");
        var refusal = new WebException("401", WebExceptionStatus.ProtocolError);

        var read = () => TestClient.NewWithoutWaits(handler).ReadAsync(_ => throw refusal).ToArrayAsync();

        await read.Should().ThrowAsync<WebException>();
    }

    [Fact]
    public async Task Read_HandlerThrowsAnotherException_TriesAgain()
    {
        using var handler = new ScriptedHandler(
            ScriptedHandler.Failure(new OpenCircuitException("open")),
            ScriptedHandler.Failure(new WebException("The handler of Android throws this for a lost connection.")),
            ScriptedHandler.Stream("data: a\n\n"));

        TestClient.DataOf(await TestClient.ReadAllAsync(handler)).Should().Equal("a");
    }

    [Theory]
    [InlineData("é", "a header cannot carry it with the default handlers")]
    [InlineData("\u0001", "servers refuse control characters")]
    [InlineData(" 2", "servers remove outer spaces")]
    [InlineData("2 ", "servers remove outer spaces")]
    [InlineData("4097", "servers refuse long headers")]
    public async Task Resume_IdThatAHeaderCannotCarry_UsesTheIdBefore(string id, string because)
    {
        id = id == "4097" ? new string('x', 4097) : id;
        using var handler = ScriptedHandler.Of($"id: 1\ndata: a\n\nid: {id}\ndata: b\n\n", "data: c\n\n", "id:\n\n");
        using var log = new TestLog();

        var events = await TestClient.ReadAllAsync(handler, new() { LoggerFactory = log });

        events.Select(item => item.EventId).Should().Equal(["1", id, id], "items have the id of the server");
        handler.Requests.Select(request => request.LastEventId).Should().Equal([null, "1", "1", null], because);
        log.Entries.Count(entry => entry.Id == 4).Should().Be(2);
    }

    [Fact]
    public async Task Resume_FirstIdThatAHeaderCannotCarry_LogsThatEventsMayBeMissed()
    {
        using var handler = ScriptedHandler.Of("id: é\ndata: a\n\n");
        using var log = new TestLog();

        await TestClient.ReadAllAsync(handler, new() { LoggerFactory = log });

        log.Entries.Where(entry => entry.Id is 4 or 5).Should().ContainSingle("the client does not resume after the 204")
            .Which.Message.Should().EndWith("The client resumes without an id, and may miss events.");
    }

    [Fact]
    public async Task Resume_LongestId_IsSent()
    {
        var id = $"!{new string('x', 4094)}~";
        using var handler = ScriptedHandler.Of($"id: {id}\ndata: a\n\n");

        await TestClient.ReadAllAsync(handler);

        handler.Requests.Last().LastEventId.Should().Be(id);
    }

    private sealed class OpenCircuitException(string message) : Exception(message);
}
