namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests the bytes of a stream over HTTP/1.0 and HTTP/1.1.</summary>
public sealed class Http1FramingTests
{
    [Fact]
    public async Task Response_Http11_IsChunked()
    {
        await using var app = await TestApplication.StartAsync();
        using var client = await app.ConnectAsync();
        await client.GetAsync("/events");

        var headers = await client.ReadToAsync("\r\n\r\n");
        var firstByte = await client.ReadToAsync(":\n\r\n");
        app.Publisher.Publish("hello");
        var chunk = await client.ReadToAsync("\n\n\r\n");
        app.Publisher.Close();
        var end = await client.ReadToAsync("\r\n\r\n");

        headers.Should().StartWith("HTTP/1.1 200 OK\r\n").And.Contain("Transfer-Encoding: chunked");
        firstByte.Should().Be("2\r\n:\n\r\n");
        chunk.Should().Be("d\r\ndata: hello\n\n\r\n");
        end.Should().Be("0\r\n\r\n");
    }

    [Fact]
    public async Task Response_Http10_EndsWithItsConnection()
    {
        await using var app = await TestApplication.StartAsync();
        using var client = await app.ConnectAsync();
        await client.GetAsync("/events", version: "1.0");

        var headers = await client.ReadToAsync("\r\n\r\n");
        var firstByte = await client.ReadToAsync(":\n");
        app.Publisher.Publish("hello");
        var first = await client.ReadToAsync("\n\n");
        app.Publisher.Publish("bye");
        app.Publisher.Close();

        headers.Should().StartWith("HTTP/1.1 200 OK\r\n").And.Contain("Connection: close").And.NotContain("chunked");
        firstByte.Should().Be(":\n");
        first.Should().Be("data: hello\n\n");
        (await client.ReadToEndAsync()).Should().Be("data: bye\n\n");
    }

    [Fact]
    public async Task Response_TwoRequestsOnOneConnection_StreamBoth()
    {
        await using var app = await TestApplication.StartAsync();
        using var client = await app.ConnectAsync();
        for (var i = 0; i < 2; i++)
        {
            await client.GetAsync("/events");
            await client.ReadToAsync("\r\n\r\n");
            app.Publisher.Publish("hello").Should().Be(1);
            app.Publisher.Close();
            (await client.ReadToAsync("0\r\n\r\n")).Should().Contain("data: hello");
        }
    }
}
