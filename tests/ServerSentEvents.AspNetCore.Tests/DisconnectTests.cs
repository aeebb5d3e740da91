using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests clients that disconnect in different ways. None of them causes a warning in the log.</summary>
public sealed class DisconnectTests
{
    /// <summary>The first line of a stream. A stream whose client leaves before this line can end without entry 3 in the log.</summary>
    private const string FirstLine = ":\n";

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task Disconnect_Http11_UnsubscribesWithoutAnotherEvent(bool byReset, bool isSending)
    {
        await using var app = await TestApplication.StartAsync();
        using var client = await app.ConnectAsync();
        await client.GetAsync("/events");
        await client.ReadToAsync(FirstLine);
        if (isSending)
            app.Publisher.Publish(new string('x', 5_000_000));
        var subscription = app.Publisher.GetSubscribers().Single();

        if (byReset)
            client.Abort();
        else
            client.Finish();

        await ShouldHaveUnsubscribedAsync(app, subscription, isSending);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task Disconnect_Http2StreamReset_UnsubscribesAndKeepsTheConnection(bool isSending, bool tls)
    {
        await using var app = await TestApplication.StartAsync(builder =>
            builder.Services.AddServerSentEvents(options => options.QueueCapacityBytes = long.MaxValue));
        var http = app.NewClient(HttpVersion.Version20, tls);
        using var staying = await LineClient.OpenAsync(http, "/events");
        var leaving = await LineClient.OpenAsync(http, "/events");
        if (isSending)
            app.Publisher.Publish(new string('x', 5_000_000));
        var subscription = app.Publisher.GetSubscribers()[1];

        leaving.Dispose();

        await TestApplication.ShouldHaveLostItsClientAsync(subscription);
        app.Publisher.Publish("hello").Should().Be(1);
        if (isSending)
            await staying.NextDataAsync();
        (await staying.NextDataAsync()).Should().Be("hello");
        app.Log.AboveDebug.Should().BeEmpty();
    }

    /// <summary>The attack "rapid reset": a client opens streams and resets them at once, as fast as it can.</summary>
    [Fact]
    public async Task Disconnect_ManyHttp2StreamsAreResetAtOnce_LeavesNoSubscriptionAndServesTheOthers()
    {
        const int streams = 500;
        await using var app = await TestApplication.StartAsync();
        var http = app.NewClient(HttpVersion.Version20);
        using var staying = await LineClient.OpenAsync(http, "/events");

        for (var i = 0; i < streams; i++)
        {
            using var reset = new CancellationTokenSource();
            var request = http.GetAsync("/events", HttpCompletionOption.ResponseHeadersRead, reset.Token);
            await reset.CancelAsync();
            // The response can come before the cancellation. Its disposal resets the stream, too.
            using var response = await request.ContinueWith(
                static ended => ended.IsCompletedSuccessfully ? ended.Result : null, TaskScheduler.Default);
        }

        await Limits.UntilAsync(() => app.Publisher.GetSubscribers().Count == 1, "only the first stream is left");
        app.Publisher.Publish("hello").Should().Be(1);
        (await staying.NextDataAsync()).Should().Be("hello");
        app.Log.AboveDebug.Should().BeEmpty();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Disconnect_Http2Connection_Unsubscribes(bool byReset)
    {
        await using var app = await TestApplication.StartAsync();
        using var client = await app.ConnectAsync(HttpVersion.Version20);
        await client.GetByHttp2Async("/events");
        await client.ReadToAsync("text/event-stream");
        await client.ReadToAsync(FirstLine);
        var subscription = app.Publisher.GetSubscribers().Single();

        if (byReset)
            client.Abort();
        else
            client.Finish();

        await ShouldHaveUnsubscribedAsync(app, subscription);
    }

    [Theory]
    [InlineData("1.1", true)]
    [InlineData("1.1", false)]
    [InlineData("2.0", true)]
    [InlineData("2.0", false)]
    public async Task Disconnect_TlsConnection_Unsubscribes(string version, bool byReset)
    {
        await using var app = await TestApplication.StartAsync();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (connection, cancellationToken) =>
            {
                await socket.ConnectAsync(connection.DnsEndPoint, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using var client = await LineClient.OpenAsync(app.NewClient(Version.Parse(version), tls: true, handler), "/events");
        (await client.NextLineAsync()).Should().Be(":");
        var subscription = app.Publisher.GetSubscribers().Single();

        // In both cases, the server gets no message of TLS that announces the end.
        if (byReset)
            socket.Close(timeout: 0);
        else
            socket.Shutdown(SocketShutdown.Send);

        await ShouldHaveUnsubscribedAsync(app, subscription);
    }

    [Fact]
    public async Task Disconnect_BeforeTheHeaders_LeavesNoSubscription()
    {
        await using var app = await TestApplication.StartAsync();
        for (var i = 0; i < 50; i++)
        {
            using var client = await app.ConnectAsync();
            await client.GetAsync("/events");
            client.Abort();
        }

        using var last = await app.OpenAsync();
        await Limits.UntilAsync(() => app.Publisher.GetSubscribers().Count == 1);
        app.Log.AboveDebug.Should().BeEmpty();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Disconnect_FlushThrowsSocketErrorBeforeTheAbort_EndsTheRequestWithoutAnException(bool isWrapped)
    {
        // Kestrel throws this when the system times out a connection. It would log the exception as a fault of the application.
        Exception failure = new SocketException((int)SocketError.TimedOut);
        if (isWrapped)
            failure = new IOException("The write operation failed.", failure);
        using var publisher = new Publisher();
        var context = NewContext(failure);
        using var subscription = publisher.Subscribe();

        await subscription.ToResult().ExecuteAsync(context).WithinPatience();

        subscription.EndReason.Should().NotBeNull();
    }

    [Fact]
    public async Task Disconnect_SocketErrorBeforeTheResponseHasStarted_ThrowsThatError()
    {
        // Such an error comes from code that runs before the headers, such as a callback that asks a database.
        using var publisher = new Publisher();
        var context = NewContext(new SocketException((int)SocketError.ConnectionRefused), hasStarted: false);
        using var subscription = publisher.Subscribe();

        var execute = () => subscription.ToResult().ExecuteAsync(context).WithinPatience();

        await execute.Should().ThrowAsync<SocketException>();
    }

    [Fact]
    public async Task Disconnect_SocketErrorAndAHandlerThrows_EndsTheRequestWithoutAnException()
    {
        using var publisher = new Publisher();
        publisher.Unsubscribed += (_, _) => throw new InvalidOperationException();
        using var subscription = publisher.Subscribe();

        await subscription.ToResult().ExecuteAsync(NewContext(new SocketException((int)SocketError.TimedOut))).WithinPatience();

        subscription.EndReason.Should().NotBeNull();
    }

    [Fact]
    public async Task Disconnect_FlushThrowsAnotherError_ThrowsThatError()
    {
        using var publisher = new Publisher();
        var context = NewContext(new InvalidOperationException());
        using var subscription = publisher.Subscribe();

        var execute = () => subscription.ToResult().ExecuteAsync(context).WithinPatience();

        await execute.Should().ThrowAsync<InvalidOperationException>();
    }

    [Fact]
    public async Task Disconnect_UnsubscribedHandlerThrows_LogsAnErrorOfThisPackage()
    {
        await using var app = await TestApplication.StartAsync();
        app.Publisher.Unsubscribed += (_, _) => throw new InvalidOperationException("Sorry.");
        using var client = await app.ConnectAsync();
        await client.GetAsync("/events");
        await client.ReadToAsync("\r\n\r\n");

        client.Abort();

        await Limits.UntilAsync(() => app.Log.AboveDebug.Any());
        app.Log.AboveDebug.Should().ContainSingle().Which.Should().Match<LogEntry>(entry =>
            entry.Category == CapturedLog.OurCategory && entry.Id == 8 && entry.Exception is AggregateException);
    }

    [Fact]
    public async Task Disconnect_AfterDroppedEvents_LogsTheirNumberOnce()
    {
        await using var app = await TestApplication.StartAsync(builder => builder.Services.AddServerSentEvents(
            options => (options.QueueCapacity, options.QueueOverflow) = (1, QueueOverflow.DropNewest)));
        using var client = await app.ConnectAsync();
        await client.GetAsync("/events");
        await client.ReadToAsync("\r\n\r\n");
        var subscription = app.Publisher.GetSubscribers().Single();
        var text = new string('x', 1_000_000);
        while (subscription.DroppedEvents < 3)
            app.Publisher.Publish(text);

        client.Abort();

        await Limits.UntilAsync(() => app.Log.AboveDebug.Any());
        app.Log.AboveDebug.Should().ContainSingle().Which.Message.Should().Contain($"{subscription.DroppedEvents} events were dropped");
    }

    private static async Task ShouldHaveUnsubscribedAsync(
        TestApplication app, Subscription<object?> subscription, bool isSending = false)
    {
        await TestApplication.ShouldHaveLostItsClientAsync(subscription);
        app.Publisher.GetSubscribers().Should().BeEmpty();
        await Limits.UntilAsync(() => app.Log.Ours.Any(entry => entry.Id == 2), "the end of the stream is logged");
        // Kestrel can complete the response that is being sent before it cancels the request. Then entry 3 is missing.
        if (isSending)
            app.Log.Ours.Select(entry => entry.Id).Where(id => id != 3).Should().Equal(1, 2);
        else
            app.Log.Ours.Select(entry => entry.Id).Should().Equal(1, 3, 2);
        await app.StopAsync();
        app.Log.AboveDebug.Where(entry => entry.Id != 6 || entry.Category != CapturedLog.OurCategory).Should().BeEmpty();
    }

    /// <summary>Returns a request whose response cannot be written.</summary>
    private static DefaultHttpContext NewContext(Exception failure, bool hasStarted = true)
    {
        var context = new DefaultHttpContext { RequestServices = new ServiceCollection().BuildServiceProvider() };
        context.Features.Set<IHttpResponseFeature>(new Response(hasStarted));
        context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(new FailingStream(failure)));
        return context;
    }

    private sealed class Response(bool hasStarted) : HttpResponseFeature
    {
        public override bool HasStarted => hasStarted;
    }

    /// <summary>A response body whose connection has failed.</summary>
    private sealed class FailingStream(Exception failure) : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.FromException(failure);

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.FromException(failure);
    }
}
