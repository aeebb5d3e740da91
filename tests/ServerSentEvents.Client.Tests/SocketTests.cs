using System.Globalization;
using System.Net;

namespace ServerSentEvents.Client.Tests;

/// <summary>Tests against servers on sockets that break their connections in every way.</summary>
public sealed class SocketTests
{
    [Fact]
    public async Task Read_ConnectionsCutAtRandomBytes_EachEventOnceAndInOrder()
    {
        const int count = 2_000;
        var random = new Random(7);
        await using var server = new SocketServer(async exchange =>
        {
            var first = exchange.LastEventId is { } id ? int.Parse(id, CultureInfo.InvariantCulture) + 1 : 1;
            if (first > count)
            {
                await exchange.SendStatusAsync(204);
                return;
            }

            var stream = string.Concat(Enumerable.Range(first, count + 1 - first).Select(
                number => $"id: {number}\r\nevent: e{number % 3}\r\ndata: é{number}\r\n: c\r\n\r\n"));
            int cut, headCut, way;
            lock (random)
            {
                (cut, headCut, way) = (
                    random.Next(Math.Min(3_000, stream.Length) + 1), random.Next(SocketServer.Head.Length), random.Next(4));
            }

            switch (way)
            {
                case 0:
                    await exchange.SendAsync(SocketServer.Head + stream[..cut]);
                    break;
                case 1:
                    await exchange.SendAsync(SocketServer.ChunkedHead);
                    await exchange.SendChunkAsync(stream[..cut]);
                    break;
                case 2:
                    await exchange.SendAsync(SocketServer.ChunkedHead);
                    await exchange.SendChunkAsync(stream[..cut]);
                    exchange.Reset();
                    break;
                default:
                    await exchange.SendAsync(SocketServer.Head[..headCut]);
                    break;
            }
        });
        using var http = new HttpClient();

        var options = new EventStreamClientOptions { TimeProvider = new ClientTime { SkipsWaits = true } };
        var events = await new EventStreamClient(http, options).ReadAsync(server.Address).ToArrayAsync();

        events.Select(item => (item.EventId, item.EventType, item.Data)).Should().Equal(Enumerable.Range(1, count).Select(
            number => ((string?)$"{number}", $"e{number % 3}", $"é{number}")));
        server.Requests.Count.Should().BeGreaterThan(10, "connections were cut");
    }

    [Fact]
    public async Task Read_NoServerListens_ReconnectsUntilAServerIsThere()
    {
        var failures = 0;
        SocketServer? server = null;
        var address = new Uri($"http://127.0.0.1:{FreePort.Find()}/");
        using var http = new HttpClient();
        var options = TestClient.Quick;
        options.Disconnected = end =>
        {
            if (end.Reason == EventStreamEndReason.ConnectionFailed && ++failures == 2)
                server = new SocketServer(exchange => exchange.SendStatusAsync(204), address.Port);
        };

        (await new EventStreamClient(http, options).ReadAsync(address).ToArrayAsync()).Should().BeEmpty();

        failures.Should().Be(2);
        await server!.DisposeAsync();
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task Read_Redirect_IsFollowedForEachAttempt(int status)
    {
        var connections = new List<EventStreamConnection>();
        await using var server = new SocketServer(exchange => exchange.Request.StartsWith("GET /target ", StringComparison.Ordinal)
            ? exchange.LastEventId == "1"
                ? exchange.SendStatusAsync(204)
                : exchange.SendAsync(SocketServer.Head + "id: 1\ndata: a\n\n")
            : exchange.SendStatusAsync(status, "Location: /target\r\n"));
        using var http = new HttpClient();
        var options = TestClient.Quick;
        options.Connected = connections.Add;

        var events = await new EventStreamClient(http, options).ReadAsync(server.Address).ToArrayAsync();

        TestClient.DataOf(events).Should().Equal("a");
        connections.Should().ContainSingle().Which.Uri.Should().Be(new Uri(server.Address, "target"));
        server.Requests.Select(request => request.Split(' ')[1]).Should().Equal("/", "/target", "/", "/target");
        server.Requests.Should().OnlyContain(request => request.Contains("Accept: text/event-stream\r\n"));
    }

    [Fact]
    public async Task Read_RedirectThatTheHandlerDoesNotFollow_Throws()
    {
        await using var server = new SocketServer(exchange => exchange.SendStatusAsync(302, "Location: /target\r\n"));
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false };
        using var http = new HttpClient(handler);

        var read = () => new EventStreamClient(http).ReadAsync(server.Address).ToArrayAsync();

        (await read.Should().ThrowAsync<EventStreamException>()).Which.StatusCode.Should().Be(HttpStatusCode.Found);
    }

    [Fact]
    public async Task Read_RedirectsWithoutEnd_ThrowsAfterTheLimitOfTheHandler()
    {
        await using var server = new SocketServer(exchange => exchange.SendStatusAsync(302, "Location: /again\r\n"));
        using var http = new HttpClient();

        var read = () => new EventStreamClient(http).ReadAsync(server.Address).ToArrayAsync();

        (await read.Should().ThrowAsync<EventStreamException>()).Which.StatusCode.Should().Be(HttpStatusCode.Found);
        server.Requests.Count.Should().BeLessThan(100);
    }

    [Fact]
    public async Task Read_NoHttpAtAll_ReconnectsAfterAWait()
    {
        await using var server = new SocketServer(exchange => exchange.Number < 3
            ? exchange.SendAsync("SSH-2.0-OpenSSH\r\n\r\n")
            : exchange.SendStatusAsync(204));
        using var http = new HttpClient();

        (await new EventStreamClient(http, TestClient.Quick).ReadAsync(server.Address).ToArrayAsync()).Should().BeEmpty();
        server.Requests.Should().HaveCount(3);
    }

    [Fact]
    public async Task Read_SilentServer_ReconnectsAfterTheStallTimeout()
    {
        await using var server = new SocketServer(async exchange =>
        {
            if (exchange.LastEventId == "1")
            {
                await exchange.SendStatusAsync(204);
                return;
            }

            // The first request gets no headers. The others get an event, and then nothing.
            if (exchange.Number > 1)
                await exchange.SendAsync(SocketServer.Head + "id: 1\ndata: a\n\n");
            await exchange.WaitForCloseAsync();
        });
        using var http = new HttpClient();
        var options = TestClient.Quick;
        options.StallTimeout = TimeSpan.FromMilliseconds(300);

        TestClient.DataOf(await new EventStreamClient(http, options).ReadAsync(server.Address).ToArrayAsync()).Should().Equal("a");

        server.Requests.Should().HaveCountGreaterThanOrEqualTo(3);
        await Limits.UntilAsync(() => server.OpenConnections == 0, "no request is left behind");
    }

    [Fact]
    public async Task Read_TimeoutOfTheHttpClient_LimitsTheHeadersOnly()
    {
        var ends = new List<EventStreamEndReason>();
        await using var server = new SocketServer(async exchange =>
        {
            if (exchange.Number == 1)
                await exchange.WaitForCloseAsync();
            else if (exchange.LastEventId == "2")
                await exchange.SendStatusAsync(204);
            else
                await SendSlowlyAsync(exchange);
        });
        using var http = new HttpClient { Timeout = TimeSpan.FromMilliseconds(500) };
        var options = TestClient.Quick;
        options.Disconnected = end => ends.Add(end.Reason);

        TestClient.DataOf(await new EventStreamClient(http, options).ReadAsync(server.Address).ToArrayAsync()).Should().Equal("a", "b");

        ends[0].Should().Be(EventStreamEndReason.ConnectionFailed);
        ends.Count(end => end == EventStreamEndReason.EndOfStream).Should().Be(1, "one stream sent both events");

        static async Task SendSlowlyAsync(SocketExchange exchange)
        {
            using var longerThanTheTimeout = new PeriodicTimer(TimeSpan.FromMilliseconds(1_000));
            await exchange.SendAsync(SocketServer.Head + "id: 1\ndata: a\n\n");
            await longerThanTheTimeout.WaitForNextTickAsync();
            await exchange.SendAsync("id: 2\ndata: b\n\n");
        }
    }
}
