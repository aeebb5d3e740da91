using System.Net;

namespace ServerSentEvents.Client.Tests;

/// <summary>Tests what the netstandard2.0 build does not know: versions of requests, and statuses of exceptions.</summary>
public sealed class ModernHttpTests
{
    [Theory]
    [InlineData(HttpStatusCode.BadRequest, false)]
    [InlineData(HttpStatusCode.Unauthorized, false)]
    [InlineData(HttpStatusCode.ServiceUnavailable, true)]
    public async Task Read_FunctionOrHandlerMeetsAStatus_TriesAgainIfItIsTemporary(HttpStatusCode status, bool isTemporary)
    {
        var exception = new HttpRequestException("token", inner: null, status);
        using var handler = new ScriptedHandler(ScriptedHandler.Failure(exception));
        var failures = new Queue<Exception>([exception]);
        var client = TestClient.NewWithoutWaits(handler);

        var byHandler = () => client.ReadAsync(TestClient.Uri).ToArrayAsync();
        var byFunction = () => client.ReadAsync(_ => failures.TryDequeue(out var failure)
            ? throw failure
            : new(new HttpRequestMessage(HttpMethod.Get, TestClient.Uri))).ToArrayAsync();

        foreach (var read in (Func<Task>[])[byHandler, byFunction])
        {
            if (isTemporary)
                await read();
            else
                (await read.Should().ThrowAsync<HttpRequestException>()).Which.Should().BeSameAs(exception);
        }
    }

    [Theory]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(407)]
    public async Task Read_ProxyRefusesToConnect_TriesAgain(int status)
    {
        await using var proxy = new SocketServer(exchange => exchange.SendStatusAsync(status));
        using var handler = new SocketsHttpHandler { Proxy = new WebProxy(proxy.Address) };
        var client = TestClient.NewWithoutWaits(handler, new() { ShouldReconnect = end => end.IsTemporary && end.FailedAttempts < 3 });

        var read = () => client.ReadAsync(new Uri("https://server.example/events")).ToArrayAsync();

        await read.Should().ThrowAsync<EventStreamException>();
        proxy.Requests.Should().HaveCount(3).And.OnlyContain(request => request.StartsWith("CONNECT server.example:443"));
    }

    [Fact]
    public async Task Read_VersionOfTheClient_IsUsed()
    {
        var versions = new List<(Version, HttpVersionPolicy)>();
        using var handler = new VersionHandler(versions);
        using var http = new HttpClient(handler)
        {
            BaseAddress = new Uri("http://server/"),
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

        await new EventStreamClient(http).ReadAsync(new Uri("events", UriKind.Relative)).ToArrayAsync();

        versions.Should().Equal((HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact));
    }

    [Fact]
    public async Task Read_Http2_OneStreamOfManyIsCanceledAlone()
    {
        using var publisher = new Publisher();
        await using var host = await RestartableHost.StartAsync(publisher);
        using var http = new HttpClient
        {
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using var canceled = new CancellationTokenSource();
        var client = new EventStreamClient(http, TestClient.Quick);
        var leaving = client.ReadAsync(host.AddressOf(2), canceled.Token).ToArrayAsync();
        await using var staying = client.ReadAsync(host.AddressOf(2)).GetAsyncEnumerator();
        var next = staying.NextAsync();
        await Limits.UntilAsync(() => publisher.GetSubscribers().Count == 2);

        await canceled.CancelAsync();

        await leaving.Invoking(task => task.WaitAsync(Limits.Patience)).Should().ThrowAsync<OperationCanceledException>();
        await Limits.UntilAsync(() => publisher.GetSubscribers().Count == 1);
        publisher.Publish("a");
        (await next).Data.Should().Be("a");
    }

    private sealed class VersionHandler(List<(Version, HttpVersionPolicy)> versions) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.RequestUri.Should().Be(new Uri("http://server/events"));
            versions.Add((request.Version, request.VersionPolicy));
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.NoContent));
        }
    }
}
