using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>Tests the sample that uses the library without a web framework.</summary>
public sealed class HttpListenerTests : IAsyncLifetime
{
    private SampleServer _server = null!;
    private HttpClient _client = null!;

    public async Task InitializeAsync()
    {
        _server = await SampleServer.StartHttpListenerAsync();
        _client = _server.NewClient();
    }

    public Task DisposeAsync()
    {
        _client.Dispose();
        _server.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Page_Opened_ConnectsToStream() =>
        (await _client.GetStringAsync("/")).Should().Contain("EventSource(\"/events\")").And.NotContain("innerHTML");

    [Fact]
    public async Task Events_Opened_SendsHeadersBeforeFirstEvent()
    {
        using var response = await _client.GetAsync("events", HttpCompletionOption.ResponseHeadersRead);
        await using var body = await response.Content.ReadAsStreamAsync();

        var first = new byte[2];
        await body.ReadExactlyAsync(first).AsTask().WaitAsync(Limits.Patience);

        Encoding.ASCII.GetString(first).Should().Be(":\n", "a comment flushes the headers before the first event");
    }

    [Fact]
    public async Task Events_Opened_SendsTheTime()
    {
        await using var stream = await EventStream.OpenAsync(_client, "events");

        for (var i = 0; i < 2; i++)
            DateTime.TryParse(await stream.NextAsync("time"), CultureInfo.CurrentCulture, out _).Should().BeTrue();
    }

    [Fact]
    public async Task Publish_SeveralStreams_ReachesEachStream()
    {
        await using var first = await EventStream.OpenAsync(_client, "events");
        await using var second = await EventStream.OpenAsync(_client, "events");

        (await PublishAsync("one\ntwo")).Should().Be(HttpStatusCode.NoContent);

        (await first.NextAsync("message")).Should().Be("one\ntwo");
        (await second.NextAsync("message")).Should().Be("one\ntwo");
    }

    [Theory]
    [InlineData("Origin", "http://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Host", "evil.example")]
    public async Task Publish_FromAnotherSite_IsRefusedAndReachesNoStream(string header, string value)
    {
        await using var stream = await EventStream.OpenAsync(_client, "events");
        using var foreign = _server.NewClient();
        foreign.DefaultRequestHeaders.Add(header, value);

        (await PublishAsync("from elsewhere", foreign)).Should().BeOneOf(
            [HttpStatusCode.Forbidden, HttpStatusCode.BadRequest, HttpStatusCode.NotFound], "platforms answer a foreign host with different statuses");
        _client.DefaultRequestHeaders.Add("Origin", $"http://{_server.Address.Authority}");
        (await PublishAsync("from the page")).Should().Be(HttpStatusCode.NoContent);

        (await stream.NextAsync("message")).Should().Be("from the page");
    }

    [Theory]
    [InlineData("/", HttpStatusCode.OK, "text/html")]
    [InlineData("/sample.css", HttpStatusCode.OK, "text/css")]
    [InlineData("/sample.js", HttpStatusCode.OK, "text/javascript")]
    [InlineData("/icon.svg", HttpStatusCode.OK, "image/svg+xml")]
    [InlineData("/elsewhere", HttpStatusCode.NotFound, null)]
    public async Task File_OfPage_IsServedWithContentType(string path, HttpStatusCode status, string? type)
    {
        using var response = await _client.GetAsync(path);

        response.StatusCode.Should().Be(status);
        response.Content.Headers.ContentType?.MediaType.Should().Be(type);
    }

    [Fact]
    public async Task Publish_BodyTooLong_IsRefused() =>
        (await PublishAsync(new string('x', 64 * 1024 + 1))).Should().Be(HttpStatusCode.RequestEntityTooLarge);

    [Fact]
    public async Task Publish_BodyDoesNotCome_EndsConnection()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(_server.Address.Host, _server.Address.Port).WaitAsync(Limits.Patience);
        var request = $"POST /publish HTTP/1.1\r\nHost: {_server.Address.Authority}\r\nContent-Length: 10\r\n\r\nhalf";
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));

        using var reader = new StreamReader(client.GetStream());
        (await reader.ReadToEndAsync().WaitAsync(Limits.Patience)).Should().MatchRegex("^(HTTP/1.1 408 |$)", "Windows sends no answer");
    }

    [Fact]
    public async Task Events_ClientResetsConnection_OtherAndNewClientsGetEvents()
    {
        await using var staying = await EventStream.OpenAsync(_client, "events");
        for (var i = 0; i < 3; i++)
            await ResetConnectionAsync();

        // After three events, the server has written several times to the reset connections.
        for (var i = 0; i < 3; i++)
            await staying.NextAsync("time");
        await using var late = await EventStream.OpenAsync(_client, "events");
        (await PublishAsync("still here")).Should().Be(HttpStatusCode.NoContent);

        (await staying.NextAsync("message")).Should().Be("still here");
        (await late.NextAsync("message")).Should().Be("still here");
        _server.Output.Should().NotContain("xception");
    }

    [UnixFact]
    public async Task Server_StoppedWithOpenStreams_EndsStreamsAndExitsSoon()
    {
        await using var first = await EventStream.OpenAsync(_client, "events");
        await using var second = await EventStream.OpenAsync(_client, "events");

        await _server.StopAsync();

        await first.ShouldEndAsync();
        await second.ShouldEndAsync();
    }

    private async Task<HttpStatusCode> PublishAsync(string text, HttpClient? client = null)
    {
        using var content = new StringContent(text);
        using var response = await (client ?? _client).PostAsync("publish", content);
        return response.StatusCode;
    }

    /// <summary>Opens a stream, and resets the connection after the first byte.</summary>
    private async Task ResetConnectionAsync()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(_server.Address.Host, _server.Address.Port).WaitAsync(Limits.Patience);
        var request = $"GET /events HTTP/1.1\r\nHost: {_server.Address.Authority}\r\n\r\n";
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));
        await client.GetStream().ReadExactlyAsync(new byte[1]).AsTask().WaitAsync(Limits.Patience);
        client.LingerState = new LingerOption(enable: true, seconds: 0);
    }
}
