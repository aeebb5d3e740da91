namespace ServerSentEvents.Backplane.Tests.Hosting;

/// <summary>Tests the disposal in each state, and logs that throw.</summary>
public sealed class DisposalTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly InMemoryStream _stream = new();

    [Fact]
    public async Task DisposeAsync_BeforeTheStart_Completes()
    {
        var backplane = NewBackplane(_stream);
        var publishing = backplane.PublishAsync("waits").AsTask();

        await backplane.DisposeAsync().WithinPatience();

        await publishing.Invoking(task => task).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Fact]
    public async Task DisposeAsync_TransportIgnoresTheCancellation_Completes()
    {
        var hanging = new HangingTransport(_stream);
        var backplane = NewBackplane(hanging);
        var connecting = backplane.ConnectAsync();
        await Limits.UntilAsync(() => hanging.Opened == 2);

        await backplane.DisposeAsync().WithinPatience();

        await connecting.Invoking(task => task.WithinPatience()).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Fact]
    public async Task DisposeAsync_TransportConnectsLater_DisposesOfTheConnections()
    {
        var hanging = new HangingTransport(_stream);
        var backplane = NewBackplane(hanging);
        backplane.Start();
        await Limits.UntilAsync(() => hanging.Opened == 2);
        await backplane.DisposeAsync().WithinPatience();

        hanging.GoOn();

        await Limits.UntilAsync(() => hanging.Connected == 2 && _stream.Connections == 0);
    }

    [Fact]
    public async Task DisposeAsync_TransportDoesNotEndASend_Completes()
    {
        var changed = new ChangedTransport(_stream);
        changed.SendAfter(new TaskCompletionSource().Task);
        var backplane = NewBackplane(changed);
        await backplane.ConnectAsync().WithinPatience();
        var publishing = backplane.PublishAsync("a").AsTask();
        await Limits.UntilAsync(() => changed.SendsBegun == 1);

        await backplane.DisposeAsync().WithinPatience();

        await publishing.Invoking(task => task).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Fact]
    public async Task DisposeAsync_ClockOfPublisherThrows_Completes()
    {
        var clock = new CallbackTime(_time);
        using var publisher = new Publisher<string>(new PublisherOptions { TimeProvider = clock });
        var backplane = new TestBackplane(publisher, new TestOptions { TimeProvider = _time }, _stream);
        await backplane.ConnectAsync().WithinPatience();
        clock.ThrowOnce();

        await backplane.DisposeAsync().WithinPatience();

        clock.Read.Should().BeNull("the clock has thrown");
    }

    [Fact]
    public async Task DisposeAsync_BetweenTwoAttempts_Completes()
    {
        _stream.Stop();
        var log = new TestLog();
        var backplane = NewBackplane(_stream, log);
        backplane.Start();
        // The clock stands still, so that both directions wait for their next attempt.
        await Limits.UntilAsync(() => log.Warnings.Count() == 2);

        await backplane.DisposeAsync().WithinPatience();
    }

    [Fact]
    public async Task DisposeAsync_CatchingUp_Completes()
    {
        var changed = new ChangedTransport(_stream);
        changed.Hold();
        var backplane = NewBackplane(changed);
        backplane.Start();
        await Limits.UntilAsync(() => _stream.Starts.Count == 1);

        var disposing = backplane.DisposeAsync();
        changed.Release();

        await disposing.WithinPatience();
        _stream.Connections.Should().Be(0);
    }

    [Fact]
    public async Task DisposeAsync_BrokerBlocks_CompletesAndFailsWhatWaits()
    {
        await using var node = await _time.StartNodeAsync(_stream);
        _stream.Block("low on disk");
        var publishing = node.Backplane.PublishAsync("waits").AsTask();

        await node.Backplane.DisposeAsync().WithinPatience();

        await publishing.Invoking(task => task).Should().ThrowAsync<ObjectDisposedException>();
        _stream.Connections.Should().Be(0);
    }

    [Fact]
    public async Task DisposeAsync_FunctionRuns_WaitsForItAndDeliversNoMore()
    {
        using var goOn = new SemaphoreSlim(0);
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var node = await _time.StartNodeAsync(_stream, options => options.Personalize = (item, _) =>
        {
            entered.TrySetResult();
            goOn.Wait(Limits.Patience);
            return item;
        });
        await using var client = node.Connect();
        await node.PublishAsync("a");
        await entered.Task.WithinPatience();

        var disposing = node.Backplane.DisposeAsync().AsTask();
        disposing.IsCompleted.Should().BeFalse();
        goOn.Release();
        await disposing.WithinPatience();

        await using var other = await _time.StartNodeAsync(_stream);
        await using var clientOfOther = other.Connect();
        await other.PublishAsync("b");
        (await clientOfOther.NextAsync()).Data.Should().Be("b");
        (await client.NextAsync()).Data.Should().Be("a");
        client.Queued.Should().Be(0);
    }

    [Fact]
    public async Task Publisher_IsDisposedFirst_BackplaneGoesOn()
    {
        await using var node = await _time.StartNodeAsync(_stream);
        node.Publisher.Dispose();

        await node.PublishAsync("a");
        await node.PublishAsync("b");

        node.Backplane.IsCaughtUp.Should().BeTrue();
        node.Log.Warnings.Should().BeEmpty();
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task Log_Throws_BackplaneGoesOn(bool inLog, bool inIsEnabled)
    {
        var log = new ThrowingLog { ThrowsInLog = inLog, ThrowsInIsEnabled = inIsEnabled };
        var stream = new InMemoryStream();
        await using var backplane = new TestBackplane(new Publisher<string>(), new TestOptions { LoggerFactory = log }, stream);

        await backplane.ConnectAsync().WithinPatience();
        stream.Cut();
        stream.Append([1]);
        await backplane.PublishAsync("a").WithinPatience();
        await Limits.UntilAsync(() => log.Thrown >= 3 && backplane.IsCaughtUp);
    }

    private TestBackplane NewBackplane(IStreamTransport transport, TestLog? log = null) =>
        new(new Publisher<string>(), new TestOptions { TimeProvider = _time, LoggerFactory = log }, transport);

    /// <summary>A transport that connects when the test says so, and ignores the cancellation.</summary>
    private sealed class HangingTransport(IStreamTransport transport) : IStreamTransport
    {
        private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _opened;
        private int _connected;

        public string Broker => transport.Broker;

        public string Stream => transport.Stream;

        internal int Opened => Volatile.Read(ref _opened);

        internal int Connected => Volatile.Read(ref _connected);

        public Task<IStreamWriter> OpenWriterAsync(IStreamWriterObserver observer, CancellationToken cancellationToken) =>
            ConnectAsync(() => transport.OpenWriterAsync(observer, default));

        public Task<IStreamReader> OpenReaderAsync(CancellationToken cancellationToken) =>
            ConnectAsync(() => transport.OpenReaderAsync(default));

        internal void GoOn() => _goOn.SetResult();

        private async Task<T> ConnectAsync<T>(Func<Task<T>> connect)
        {
            Interlocked.Increment(ref _opened);
            await _goOn.Task;
            var connection = await connect();
            Interlocked.Increment(ref _connected);
            return connection;
        }
    }
}
