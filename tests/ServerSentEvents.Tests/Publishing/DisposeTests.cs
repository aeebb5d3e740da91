namespace ServerSentEvents.Tests;

/// <summary>
/// Tests that handlers of <c>Unsubscribed</c> can publish until the last of them has returned, however often a publisher is
/// disposed.
/// </summary>
public sealed class DisposeTests
{
    private readonly Publisher<string> _publisher = new();
    private readonly List<int> _reached = [];

    [Fact]
    public void Dispose_AnotherThreadDisposesDuringTheHandlers_HandlersCanPublish()
    {
        SubscribeThree();
        _publisher.Unsubscribed += (_, _) =>
        {
            OwnThread.Run(_publisher.Dispose);
            Publish();
        };

        _publisher.Dispose();

        ShouldHaveReachedNoSubscriber();
    }

    [Fact]
    public async Task Dispose_TwoAtOnce_HandlersOfBothCanPublish()
    {
        // Two threads announce ends at the same time: one by Close, one by Dispose.
        _publisher.Subscribe("a");
        _publisher.Subscribe("b");
        using var both = new Barrier(2);
        _publisher.Unsubscribed += (_, _) =>
        {
            both.SignalAndWait(Limits.Patience).Should().BeTrue();
            var reached = _publisher.Publish("a subscriber left");
            lock (_reached)
                _reached.Add(reached);
            both.SignalAndWait(Limits.Patience).Should().BeTrue();
        };

        var unsubscribing = OwnThread.RunAsync(() => _publisher.Unsubscribe("a"));
        await Limits.UntilAsync(() => _publisher.GetSubscribers("a").Count == 0);
        await OwnThread.RunAsync(_publisher.Dispose);
        await unsubscribing;

        _reached.Should().Equal(0, 0);
        PublishingShouldThrow();
    }

    [Theory]
    [InlineData(nameof(Publisher.Close))]
    [InlineData(nameof(Publisher.Dispose))]
    [InlineData(nameof(Publisher.Unsubscribe))]
    [InlineData("Subscription.Dispose")]
    public void Dispose_WithinAHandler_LaterHandlersCanPublish(string way)
    {
        var first = SubscribeThree();
        _publisher.Unsubscribed += (_, _) =>
        {
            _publisher.Dispose();
            Publish();
        };

        switch (way)
        {
            case nameof(Publisher.Close):
                _publisher.Close();
                break;
            case nameof(Publisher.Dispose):
                _publisher.Dispose();
                break;
            case nameof(Publisher.Unsubscribe):
                _publisher.Unsubscribe();
                break;
            default:
                first.Dispose();
                break;
        }

        ShouldHaveReachedNoSubscriber();
    }

    [Fact]
    public void Dispose_HandlerThrows_PublishingThrowsAfterwards()
    {
        SubscribeThree();
        _publisher.Unsubscribed += (_, _) => throw new FormatException();

        _publisher.Invoking(publisher => publisher.Dispose())
            .Should().Throw<AggregateException>().Which.InnerExceptions.Should().HaveCount(3);

        PublishingShouldThrow();
    }

    [Fact]
    public async Task Dispose_CopyEndsLater_ItsHandlerCanPublishAndPublishingThrowsAfterwards()
    {
        using var cancellation = new CancellationTokenSource();
        using var release = new ManualResetEventSlim();
        var entered = new TaskCompletionSource();
        _publisher.Unsubscribed += (_, _) =>
        {
            entered.TrySetResult();
            release.Wait(Limits.Patience).Should().BeTrue();
            Publish();
        };
        var copy = _publisher.Subscribe().CopyToAsync(new NullPipeWriter(), cancellation.Token);
        await cancellation.CancelAsync();
        await entered.Task.WaitAsync(Limits.Patience);

        _publisher.Dispose();
        release.Set();

        await copy.Invoking(it => it.WaitAsync(Limits.Patience)).Should().ThrowAsync<OperationCanceledException>();
        _reached.Should().Equal(0, 0);
        PublishingShouldThrow();
    }

    private Subscription<string> SubscribeThree()
    {
        var first = _publisher.Subscribe(properties: "1");
        _publisher.Subscribe(properties: "2");
        _publisher.Subscribe(properties: "3");
        return first;
    }

    private void Publish()
    {
        _reached.Add(_publisher.Publish("a subscriber left"));
        _reached.Add(_publisher.Publish(name => $"a subscriber left {name}"));
    }

    private void ShouldHaveReachedNoSubscriber()
    {
        _reached.Should().Equal(0, 0, 0, 0, 0, 0);
        PublishingShouldThrow();
    }

    private void PublishingShouldThrow()
    {
        _publisher.Invoking(publisher => publisher.Publish("x")).Should().Throw<ObjectDisposedException>();
        _publisher.Invoking(publisher => publisher.Publish(name => name)).Should().Throw<ObjectDisposedException>();
        _publisher.Invoking(publisher => publisher.PublishComment("x")).Should().Throw<ObjectDisposedException>();
    }
}
