using System.Net;

namespace ServerSentEvents.Client.Tests;

/// <summary>Tests what each status and content type leads to (WHATWG HTML, 9.2.3).</summary>
public sealed class StatusTests
{
    private static readonly int[] Temporary = [408, 425, 429, .. Enumerable.Range(500, 100).Except([501, 505])];

    public static TheoryData<int> TemporaryStatuses => [.. Temporary];

    public static TheoryData<int> PermanentStatuses =>
        [.. Enumerable.Range(201, 399).Except([204, 401]).Except(Temporary)];

    [Theory]
    [MemberData(nameof(TemporaryStatuses))]
    public async Task Read_TemporaryStatus_Reconnects(int status)
    {
        using var handler = new ScriptedHandler(ScriptedHandler.Status(status), ScriptedHandler.Stream("data: a\n\n"));

        TestClient.DataOf(await TestClient.ReadAllAsync(handler)).Should().Equal("a");
    }

    [Theory]
    [MemberData(nameof(PermanentStatuses))]
    public async Task Read_PermanentStatus_Throws(int status)
    {
        using var handler = new ScriptedHandler(ScriptedHandler.Stream("id: 1\ndata: a\n\n"), ScriptedHandler.Status(status));

        var read = () => TestClient.ReadAllAsync(handler);

        var thrown = (await read.Should().ThrowAsync<EventStreamException>()).Which;
        thrown.StatusCode.Should().Be((HttpStatusCode)status);
        thrown.Reason.Should().Be(EventStreamEndReason.UnexpectedStatus);
        thrown.LastEventId.Should().Be("1");
        thrown.Message.Should().Contain($"{status}");
        handler.Requests.Should().HaveCount(2);
    }

    [Fact]
    public async Task Read_NoContent_EndsWithoutAnException()
    {
        using var handler = new ScriptedHandler(ScriptedHandler.Stream("data: a\n\n"), ScriptedHandler.Status(204));

        TestClient.DataOf(await TestClient.ReadAllAsync(handler, new() { ShouldReconnect = _ => true })).Should().Equal("a");
        handler.Requests.Should().HaveCount(2);
    }

    [Fact]
    public async Task Read_UnauthorizedOnce_AsksForTheRequestAgainAtOnce()
    {
        var time = new ClientTime { SkipsWaits = true };
        using var handler = new ScriptedHandler(
            ScriptedHandler.Status(401),
            ScriptedHandler.Stream("data: a\n\n"),
            ScriptedHandler.Status(401),
            ScriptedHandler.Stream("data: b\n\n"));
        var tokens = 0;

        var events = await TestClient.New(handler, new() { TimeProvider = time }).ReadAsync(_ =>
        {
            var request = new HttpRequestMessage(HttpMethod.Get, TestClient.Uri);
            request.Headers.Authorization = new("Bearer", $"{++tokens}");
            return new(request);
        }).ToArrayAsync();

        TestClient.DataOf(events).Should().Equal("a", "b");
        handler.Requests.Select(request => request.Headers["Authorization"]).Should().Equal(
            "Bearer 1", "Bearer 2", "Bearer 3", "Bearer 4", "Bearer 5");
        time.Waits.Should().Equal([TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(3)], "only the ends of streams lead to a wait");
    }

    [Fact]
    public async Task Read_UnauthorizedAgainAfterAnotherFailure_AsksForTheRequestAgain()
    {
        using var handler = new ScriptedHandler(
            ScriptedHandler.Status(401),
            ScriptedHandler.Status(503),
            ScriptedHandler.Status(401),
            ScriptedHandler.Stream("data: a\n\n"));

        TestClient.DataOf(await TestClient.ReadAllAsync(handler)).Should().Equal("a");
        handler.Requests.Should().HaveCount(5);
    }

    [Fact]
    public async Task Read_UnauthorizedTwice_Throws()
    {
        using var handler = new ScriptedHandler(ScriptedHandler.Status(401), ScriptedHandler.Status(401));

        var read = () => TestClient.ReadAllAsync(handler);

        (await read.Should().ThrowAsync<EventStreamException>()).Which.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        handler.Requests.Should().HaveCount(2);
    }

    [Fact]
    public async Task Read_UnauthorizedForever_WaitsBetweenAttempts()
    {
        var time = new ClientTime { SkipsWaits = true };
        using var handler = new ScriptedHandler([.. Enumerable.Repeat(ScriptedHandler.Status(401), 4)]);

        await TestClient.New(handler, new() { TimeProvider = time, ShouldReconnect = _ => true }).ReadAsync(TestClient.Uri).ToArrayAsync();

        handler.Requests.Should().HaveCount(5);
        time.Waits.Select(wait => wait.TotalSeconds).Should().Equal(4.5, 9, 18);
    }

    [Theory]
    [InlineData("text/event-stream")]
    [InlineData("TEXT/Event-Stream")]
    [InlineData("text/event-stream;bogus")]
    [InlineData("text/event-stream ; charset=windows-1251")]
    [InlineData("text/event-stream;;=")]
    public async Task Read_ContentTypeOfAnEventStream_IsRead(string contentType)
    {
        using var handler = new ScriptedHandler(
            (_, _) => Task.FromResult(ScriptedHandler.Response(new ScriptedBody([[.. "data: é\n\n"u8]]), contentType)));

        TestClient.DataOf(await TestClient.ReadAllAsync(handler)).Should().Equal("é");
    }

    [Theory]
    [InlineData("")]
    [InlineData("text/html")]
    [InlineData("text/event-streams")]
    [InlineData("x bogus")]
    public async Task Read_OtherContentType_Throws(string contentType)
    {
        using var handler = new ScriptedHandler(
            (_, _) => Task.FromResult(ScriptedHandler.Response(new ScriptedBody([[.. "data: a\n\n"u8]]), contentType)));

        var read = () => TestClient.ReadAllAsync(handler);

        var thrown = (await read.Should().ThrowAsync<EventStreamException>()).Which;
        thrown.Reason.Should().Be(EventStreamEndReason.UnexpectedContentType);
        thrown.Message.Should().Contain($"'{contentType}'");
        handler.Bodies.Should().OnlyContain(body => body.IsDisposed);
    }

    [Fact]
    public async Task Read_NoContentType_Throws()
    {
        using var handler = new ScriptedHandler(
            (_, _) => Task.FromResult(new HttpResponseMessage { Content = new ByteArrayContent([.. "data: a\n\n"u8]) }));

        var read = () => TestClient.ReadAllAsync(handler);

        (await read.Should().ThrowAsync<EventStreamException>()).WithMessage("*with the content type '' instead of 'text/event-stream'.");
    }

    [Fact]
    public async Task ShouldReconnect_True_OverridesPermanentFailures()
    {
        using var handler = new ScriptedHandler(
            ScriptedHandler.Status(404),
            (_, _) => Task.FromResult(ScriptedHandler.Response(new ScriptedBody([]), "text/html")),
            ScriptedHandler.Failure(new InvalidOperationException("of a handler")),
            ScriptedHandler.Stream($"data: {new string('x', 100)}\n\n"),
            ScriptedHandler.Stream("data: a\n\n"));

        var events = await TestClient.ReadAllAsync(handler, new() { MaxEventBytes = 50, ShouldReconnect = _ => true });

        TestClient.DataOf(events).Should().Equal("a");
    }

    [Fact]
    public async Task ShouldReconnect_FalseAtTheEndOfAStream_EndsWithoutAnException()
    {
        using var handler = ScriptedHandler.Of("data: a\n\n");

        var events = await TestClient.ReadAllAsync(
            handler, new() { ShouldReconnect = end => end.Reason != EventStreamEndReason.EndOfStream });

        TestClient.DataOf(events).Should().Equal("a");
        handler.Requests.Should().ContainSingle();
    }

    [Fact]
    public async Task ShouldReconnect_NumberOfAttempts_LimitsThem()
    {
        using var handler = new ScriptedHandler([.. Enumerable.Repeat(ScriptedHandler.Failure(new HttpRequestException("refused")), 10)]);

        var read = () => TestClient.ReadAllAsync(handler, new() { ShouldReconnect = end => end.IsTemporary && end.FailedAttempts < 3 });

        var thrown = (await read.Should().ThrowAsync<EventStreamException>()).Which;
        thrown.InnerException.Should().BeOfType<HttpRequestException>();
        thrown.Message.Should().Contain("refused");
        handler.Requests.Should().HaveCount(3);
    }
}
