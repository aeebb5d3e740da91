namespace ServerSentEvents.Client.Tests;

/// <summary>Tests that a reader can stop at any point, and that no request is left behind.</summary>
public sealed class CancellationTests
{
    [Fact]
    public async Task Cancel_WhileTheServerIsSilent_EndsAtOnceAndDisconnects()
    {
        var accepted = new TaskCompletionSource();
        var closed = new TaskCompletionSource();
        await using var server = new SocketServer(async exchange =>
        {
            accepted.SetResult();
            await exchange.WaitForCloseAsync();
            closed.SetResult();
        });
        await CancelsAsync(server, accepted.Task);
        await closed.Task.WaitAsync(Limits.Patience);
    }

    [Fact]
    public async Task Cancel_InTheStream_EndsAtOnceAndDisconnects()
    {
        var closed = new TaskCompletionSource();
        await using var server = new SocketServer(async exchange =>
        {
            await exchange.SendAsync(SocketServer.Head + "data: a\n\n");
            await exchange.WaitForCloseAsync();
            closed.SetResult();
        });
        var received = new TaskCompletionSource();
        await CancelsAsync(server, received.Task, received.SetResult);
        await closed.Task.WaitAsync(Limits.Patience);
    }

    [Fact]
    public async Task Cancel_ResponseThatIsSlowToClose_IsClosedOnAnotherThread()
    {
        using var canceled = new CancellationTokenSource();
        var closingThread = (Thread?)null;
        var cancelingThread = (Thread?)null;
        using var handler = new ScriptedHandler(ScriptedHandler.Body(() => new ScriptedBody(
            [], hangs: true, closing: () => closingThread ??= Thread.CurrentThread)));
        // The handler answers at once, so the client waits for the first event when the call returns.
        var read = TestClient.New(handler).ReadAsync(TestClient.Uri, canceled.Token).ToArrayAsync();

        OwnThread.Run(() =>
        {
            cancelingThread = Thread.CurrentThread;
            canceled.Cancel();
        });

        await read.Invoking(task => task.WaitAsync(Limits.Patience)).Should().ThrowAsync<OperationCanceledException>();
        closingThread.Should().NotBeNull("no request is left behind").And.NotBeSameAs(cancelingThread);
    }

    [Fact]
    public async Task Cancel_BetweenAttempts_EndsAtOnce()
    {
        var disconnected = new TaskCompletionSource();
        await using var server = new SocketServer(exchange => exchange.SendStatusAsync(503));
        var options = new EventStreamClientOptions
        {
            ReconnectionInterval = TimeSpan.FromHours(24),
            Disconnected = _ => disconnected.SetResult(),
        };
        await CancelsAsync(server, disconnected.Task, options: options);
        await Limits.UntilAsync(() => server.OpenConnections == 0);
    }

    [Fact]
    public async Task Cancel_InTheFunction_EndsAtOnce()
    {
        using var canceled = new CancellationTokenSource();
        using var http = new HttpClient();
        var reading = new EventStreamClient(http).ReadAsync(async token =>
        {
            await canceled.CancelAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
            throw new InvalidOperationException("unreachable");
        }).WithCancellation(canceled.Token);

        var read = async () =>
        {
            await foreach (var item in reading)
                item.Should().BeNull();
        };

        (await read.Should().ThrowAsync<OperationCanceledException>()).Which.CancellationToken.Should().Be(canceled.Token);
    }

    [Fact]
    public async Task Cancel_EventsInTheBuffer_AreNotDelivered()
    {
        using var canceled = new CancellationTokenSource();
        using var handler = ScriptedHandler.Of("data: a\n\ndata: b\n\n");
        await using var events = TestClient.New(handler).ReadAsync(TestClient.Uri, canceled.Token).GetAsyncEnumerator();
        await events.NextAsync();
        await canceled.CancelAsync();

        await events.Invoking(reader => reader.MoveNextAsync().AsTask()).Should().ThrowAsync<OperationCanceledException>();
        handler.Bodies.Should().OnlyContain(body => body.IsDisposed);
    }

    [Theory]
    [InlineData(204)]
    [InlineData(503)]
    public async Task Cancel_HandlerAnswersNevertheless_Throws(int status)
    {
        using var canceled = new CancellationTokenSource();
        var notifications = 0;
        using var handler = new ScriptedHandler(ScriptedHandler.Status(status, _ => canceled.Cancel()));
        var client = TestClient.NewWithoutWaits(handler, new() { Disconnected = _ => notifications++ });

        var read = () => client.ReadAsync(TestClient.Uri, canceled.Token).ToArrayAsync();

        await read.Should().ThrowAsync<OperationCanceledException>();
        notifications.Should().Be(0);
    }

    [Fact]
    public async Task Cancel_BodyEndsOnCancellation_Throws()
    {
        using var canceled = new CancellationTokenSource();
        using var handler = new ScriptedHandler(ScriptedHandler.Body(() => new ScriptedBody(CancelAndEnd())));

        var client = TestClient.NewWithoutWaits(handler, new() { ShouldReconnect = _ => false });

        var read = () => client.ReadAsync(TestClient.Uri, canceled.Token).ToArrayAsync();

        await read.Should().ThrowAsync<OperationCanceledException>();

        IEnumerable<byte[]> CancelAndEnd()
        {
            canceled.Cancel();
            yield break;
        }
    }

    [Fact]
    public async Task Cancel_BeforeTheEnumeration_SendsNothing()
    {
        using var handler = ScriptedHandler.Of("data: a\n\n");
        var read = () => TestClient.New(handler).ReadAsync(TestClient.Uri, new CancellationToken(canceled: true)).ToArrayAsync();

        await read.Should().ThrowAsync<OperationCanceledException>();
        handler.Requests.Should().BeEmpty();
    }

    [Fact]
    public async Task LeaveTheLoop_InTheStream_Disconnects()
    {
        var closed = new TaskCompletionSource();
        await using var server = new SocketServer(async exchange =>
        {
            await exchange.SendAsync(SocketServer.Head + "data: a\n\n");
            await exchange.WaitForCloseAsync();
            closed.SetResult();
        });
        using var http = new HttpClient();

        await foreach (var item in new EventStreamClient(http).ReadAsync(server.Address))
        {
            item.Data.Should().Be("a");
            break;
        }

        await closed.Task.WaitAsync(Limits.Patience);
    }

    [Fact]
    public async Task Read_AnyEnd_DisposesTheResponseBeforeTheNextAttempt()
    {
        var open = new List<int>();
        ScriptedHandler? scripted = null;
        using var handler = scripted = new ScriptedHandler(
            ScriptedHandler.Stream("data: a\n\n"),
            ScriptedHandler.Body(() => new ScriptedBody([[.. "data: b\n\n"u8]], new IOException("reset"))),
            (_, _) => Task.FromResult(ScriptedHandler.Response(new ScriptedBody([]), "text/html")),
            ScriptedHandler.Stream($"data: {new string('x', 100)}\n\n"));

        await TestClient.ReadAllAsync(handler, new()
        {
            MaxEventBytes = 50,
            ShouldReconnect = _ =>
            {
                open.Add(scripted.Bodies.Count(body => !body.IsDisposed));
                return true;
            },
        });

        open.Should().Equal(0, 0, 0, 0);
    }

    private static async Task CancelsAsync(
        SocketServer server, Task condition, Action? received = null, EventStreamClientOptions? options = null)
    {
        using var http = new HttpClient();
        using var canceled = new CancellationTokenSource();
        var reading = ReadAsync();
        await condition.WaitAsync(Limits.Patience);
        await canceled.CancelAsync();

        var thrown = await reading.Invoking(task => task.WaitAsync(Limits.Patience)).Should().ThrowAsync<OperationCanceledException>();
        thrown.Which.CancellationToken.Should().Be(canceled.Token);

        async Task ReadAsync()
        {
            await foreach (var item in new EventStreamClient(http, options).ReadAsync(server.Address, canceled.Token))
                received?.Invoke();
        }
    }
}
