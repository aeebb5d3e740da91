using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ServerSentEvents.Backplane.Tests.Hosting;

/// <summary>Tests the first connection, and the error if there is none.</summary>
public sealed class ConnectTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly InMemoryStream _stream = new("orders");
    private readonly TestLog _log = new();

    [Fact]
    public async Task ConnectAsync_BrokerAnswers_ReturnsWhenCaughtUp()
    {
        await using var backplane = NewBackplane();

        await backplane.ConnectAsync().WithinPatience();

        backplane.IsCaughtUp.Should().BeTrue();
    }

    [Fact]
    public async Task ConnectAsync_CallerHasAsyncLocalValues_FunctionsDoNotSeeThem()
    {
        var request = new AsyncLocal<string?> { Value = "a request" };
        var seen = new TaskCompletionSource<string?>();

        await using var node = await TestNode.StartAsync(_stream, options => options.Personalize = (item, _) =>
        {
            seen.TrySetResult(request.Value);
            return item;
        });
        await using var client = node.Connect();
        await node.PublishAsync("a");

        (await seen.Task.WithinPatience()).Should().BeNull("the context would live as long as the backplane");
    }

    [Fact]
    public async Task ConnectAsync_BrokerComesAfterASecond_Connects()
    {
        _stream.Stop();
        await using var backplane = NewBackplane();
        var connecting = backplane.ConnectAsync();
        await Limits.UntilAsync(() => _log.Warnings.Any());
        _time.AdvanceSeconds(1);
        connecting.IsCompleted.Should().BeFalse();

        _stream.Start();
        await _time.AdvanceUntilAsync(() => connecting.IsCompleted);

        await connecting;
        backplane.IsCaughtUp.Should().BeTrue();
    }

    [Fact]
    public async Task ConnectAsync_NoBroker_ThrowsAfterTheTimeoutWithTheReason()
    {
        _stream.Stop();
        var backplane = NewBackplane();
        var connecting = backplane.ConnectAsync();
        await Limits.UntilAsync(() => _log.Warnings.Any(text => text.Contains("reading", StringComparison.Ordinal)));

        _time.AdvanceSeconds(29);
        connecting.IsCompleted.Should().BeFalse();
        _time.AdvanceSeconds(1);

        (await connecting.Invoking(task => task.WithinPatience()).Should().ThrowAsync<InvalidOperationException>())
            .WithMessage("The stream orders is not ready after the PublishTimeout of 00:00:30: there is no connection: The broker is away.")
            .WithInnerException<TimeoutException>();
        await backplane.Invoking(each => each.PublishAsync("late").AsTask()).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Fact]
    public async Task ConnectAsync_BrokerRefuses_ThrowsAtOnceWithItsWords()
    {
        _stream.Refuse(new StreamRefusedException("ACCESS_REFUSED - Login was refused"));
        var backplane = NewBackplane();

        // The clock stands still, so that no timeout can come.
        (await backplane.Invoking(each => each.ConnectAsync().WithinPatience()).Should().ThrowAsync<InvalidOperationException>())
            .WithMessage("The broker refuses the stream orders: ACCESS_REFUSED - Login was refused")
            .WithInnerException<StreamRefusedException>();
        _log.Warnings.Should().Contain(text => text.Contains(": ACCESS_REFUSED - Login was refused ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ConnectAsync_BrokerRefusesToTakeEventsAfterTheNodeHasCaughtUp_ThrowsItsWords()
    {
        var transport = new LateWriterTransport(_stream);
        var backplane = NewBackplane(transport);
        var connecting = backplane.ConnectAsync();
        await Limits.UntilAsync(() => backplane.IsCaughtUp);
        connecting.IsCompleted.Should().BeFalse("nothing can be published yet");

        transport.Refuse("NOPERM");

        await connecting.Invoking(task => task.WithinPatience()).Should().ThrowAsync<InvalidOperationException>()
            .WithMessage("The broker refuses the stream orders: NOPERM");
    }

    [Fact]
    public async Task Start_BrokerRefuses_HealthCheckAndPublishHaveItsWords()
    {
        _stream.Refuse(new StreamRefusedException("ACCESS_REFUSED - Login was refused"));
        await using var backplane = NewBackplane();
        backplane.Start();
        await Limits.UntilAsync(() => _log.Warnings.Count() >= 2);
        var publishing = backplane.PublishAsync("a").AsTask();

        var state = await backplane.CheckAsync();
        _time.AdvanceSeconds(33);

        (state.Status, state.Description).Should().Be((
            HealthStatus.Unhealthy,
            "This node has not caught up with the stream yet: the broker refuses: ACCESS_REFUSED - Login was refused."));
        (await publishing.Invoking(task => task.WithinPatience()).Should().ThrowAsync<TimeoutException>())
            .WithMessage("*: the broker refuses: ACCESS_REFUSED - Login was refused.");
    }

    [Fact]
    public async Task Start_RefusalEnds_Connects()
    {
        _stream.Refuse(new StreamRefusedException("ACCESS_REFUSED - Login was refused"));
        await using var backplane = NewBackplane();
        backplane.Start();
        await Limits.UntilAsync(() => _log.Warnings.Any());

        _stream.Start();

        await _time.AdvanceUntilAsync(() => backplane.IsCaughtUp);
    }

    [Fact]
    public async Task ConnectAsync_Canceled_ThrowsAndDisposes()
    {
        _stream.Stop();
        var backplane = NewBackplane();
        using var cancellation = new CancellationTokenSource();
        var connecting = backplane.ConnectAsync(cancellation.Token);

        await cancellation.CancelAsync();

        await connecting.Invoking(task => task.WithinPatience()).Should().ThrowAsync<OperationCanceledException>();
        await backplane.Invoking(each => each.PublishAsync("late").AsTask()).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Fact]
    public async Task ConnectAsync_Disposed_Throws()
    {
        var backplane = NewBackplane();
        await backplane.DisposeAsync();

        await backplane.Invoking(each => each.ConnectAsync().WithinPatience()).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Fact]
    public async Task ConnectAsync_DisposedWhileItWaits_Throws()
    {
        _stream.Stop();
        var backplane = NewBackplane();
        var connecting = backplane.ConnectAsync();

        await backplane.DisposeAsync().WithinPatience();

        // The clock stands still, so that no timeout can come.
        await connecting.Invoking(task => task.WithinPatience()).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Fact]
    public async Task StartWithinTimeoutAsync_DisposedWhileItWaits_Returns()
    {
        _stream.Stop();
        var backplane = NewBackplane();
        var starting = backplane.StartWithinTimeoutAsync(default);

        await backplane.DisposeAsync().WithinPatience();

        await starting.WithinPatience();
    }

    [Fact]
    public async Task StartWithinTimeoutAsync_NoBroker_ReturnsAfterTheTimeoutAndConnectsLater()
    {
        _stream.Stop();
        await using var backplane = NewBackplane();
        var starting = backplane.StartWithinTimeoutAsync(default);
        await Limits.UntilAsync(() => _log.Warnings.Any(text => text.Contains("reading", StringComparison.Ordinal)));

        _time.AdvanceSeconds(29);
        starting.IsCompleted.Should().BeFalse();
        _time.AdvanceSeconds(1);
        await starting.WithinPatience();

        _log.Warnings.Should().Contain(
            "Stream orders: the application starts without the broker after 00:00:30, and keeps trying: there is no connection: "
            + "The broker is away. ");
        _stream.Start();
        await _time.AdvanceUntilAsync(() => backplane.IsCaughtUp);
    }

    private TestBackplane NewBackplane(IStreamTransport? transport = null) =>
        new(new Publisher<string>(), new TestOptions { TimeProvider = _time, LoggerFactory = _log }, transport ?? _stream);

    /// <summary>A transport whose writers wait, until the test refuses them.</summary>
    private sealed class LateWriterTransport(IStreamTransport transport) : IStreamTransport
    {
        private readonly TaskCompletionSource<IStreamWriter> _writer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Broker => transport.Broker;

        public string Stream => transport.Stream;

        public Task<IStreamWriter> OpenWriterAsync(IStreamWriterObserver observer, CancellationToken cancellationToken) => _writer.Task;

        public Task<IStreamReader> OpenReaderAsync(CancellationToken cancellationToken) => transport.OpenReaderAsync(cancellationToken);

        internal void Refuse(string reason) => _writer.SetException(new StreamRefusedException(reason));
    }
}
