using System.IO.Pipelines;

namespace ServerSentEvents.Tests;

/// <summary>Tests the events <c>Subscribed</c> and <c>Unsubscribed</c> of a publisher.</summary>
public sealed class NotificationTests
{
    private readonly Publisher<string> _publisher = new(new PublisherOptions { QueueCapacity = 1 });
    private readonly List<string> _raised = [];

    public NotificationTests()
    {
        _publisher.Subscribed += (sender, arguments) =>
        {
            sender.Should().BeSameAs(_publisher);
            _raised.Add($"+{arguments.Subscription.Properties}");
        };
        _publisher.Unsubscribed += (sender, arguments) =>
        {
            sender.Should().BeSameAs(_publisher);
            var ended = arguments.Subscription;
            _raised.Add($"-{ended.Properties} {ended.EndReason} {string.Join('+', ended.Channels)}");
        };
    }

    [Fact]
    public void SubscriptionEventArgs_Null_ThrowsWithTheArgumentName() =>
        FluentActions.Invoking(() => new SubscriptionEventArgs<string>(null!))
            .Should().Throw<ArgumentNullException>().WithParameterName("subscription");

    [Fact]
    public async Task Unsubscribed_AnyWayToEnd_IsRaisedOnceWithReasonAndChannels()
    {
        var overflowing = _publisher.Subscribe("a", "overflowing");
        _publisher.Publish("1", "a");
        _publisher.Publish("2", "a");
        _publisher.Subscribe(["a", "b"], "unsubscribed");
        _publisher.Unsubscribe(["a", "b"]);
        var disposed = _publisher.Subscribe("a", "disposed");
        disposed.Dispose();
        disposed.Dispose();
        _publisher.Subscribe("b", "closed");
        _publisher.Close();
        await foreach (var _ in overflowing)
        {
        }

        _raised.Should().Equal(
            "+overflowing", "-overflowing Overflowed a",
            "+unsubscribed", "-unsubscribed Unsubscribed a+b",
            "+disposed", "-disposed Unsubscribed a",
            "+closed", "-closed Closed b");
    }

    [Theory]
    [InlineData("Publisher.Close")]
    [InlineData("Publisher.Drain")]
    [InlineData("Publisher.Dispose")]
    [InlineData("Subscription.Close")]
    [InlineData("Subscription.Dispose")]
    [InlineData("Unsubscribe")]
    [InlineData("Disconnect")]
    [InlineData("Leave")]
    [InlineData("Overflow")]
    [InlineData("Overflow by a personalized event")]
    [InlineData("DisposeAsync")]
    [InlineData("Cancel")]
    public void Unsubscribed_AnyWayToEnd_RunsOnTheThreadOfTheCallBeforeItReturns(string way)
    {
        var threads = new List<int>();
        _publisher.Unsubscribed += (_, _) => threads.Add(Environment.CurrentManagedThreadId);
        using var cancellation = new CancellationTokenSource();
        var subscription = _publisher.Subscribe(properties: "ann");
        var reader = subscription.GetAsyncEnumerator(cancellation.Token);
        if (way.StartsWith("Overflow", StringComparison.Ordinal))
            _publisher.Publish("fills the queue");

        OwnThread.Run(() =>
        {
            End(way, subscription, reader, cancellation);
            threads.Should().Equal(Environment.CurrentManagedThreadId);
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Unsubscribed_CopyEndsByItsReader_RunsOnThePoolBeforeTheTaskCompletes(bool isCanceled)
    {
        var onPool = new List<bool>();
        _publisher.Unsubscribed += (_, _) => onPool.Add(Thread.CurrentThread.IsThreadPoolThread);
        using var cancellation = new CancellationTokenSource();
        var pipe = new Pipe();
        var copying = _publisher.Subscribe(properties: "ann").CopyToAsync(pipe.Writer, cancellation.Token);

        OwnThread.Run(() =>
        {
            if (isCanceled)
            {
                cancellation.Cancel();
                return;
            }

            pipe.Reader.Complete();
            _publisher.Publish("x");
        });

        var failure = await Record.ExceptionAsync(() => copying.WaitAsync(Limits.Patience));
        (failure is OperationCanceledException).Should().Be(isCanceled);
        copying.IsCompleted.Should().BeTrue();
        onPool.Should().Equal(true);
    }

    [Fact]
    public void Unsubscribed_OneOfTwoChannelsLeft_IsNotRaised()
    {
        _publisher.Subscribe(["a", "b"], "ann");
        _publisher.Unsubscribe("a");

        _raised.Should().Equal("+ann");
    }

    [Fact]
    public void Subscribed_HandlerEndsTheSubscription_IsRaisedBeforeUnsubscribed()
    {
        var publisher = new Publisher<string>();
        var raised = new List<string>();
        publisher.Subscribed += (_, arguments) => arguments.Subscription.Dispose();
        publisher.Subscribed += (_, _) => raised.Add("+");
        publisher.Unsubscribed += (_, _) => raised.Add("-");

        publisher.Subscribe();

        raised.Should().Equal("+", "-");
    }

    [Fact]
    public void Subscribed_HandlerThrows_CallsTheOthersAndEndsTheSubscription()
    {
        _publisher.Subscribed += (_, _) => throw new FormatException();
        _publisher.Subscribed += (_, _) => _raised.Add("second");

        var subscribe = () => _publisher.Subscribe(properties: "ann");

        subscribe.Should().Throw<AggregateException>().WithInnerException<FormatException>();
        _raised.Should().Equal("+ann", "second", "-ann Unsubscribed default channel");
        _publisher.GetSubscribers().Should().BeEmpty();
    }

    [Fact]
    public async Task Unsubscribed_HandlerThrowsDuringPublish_EventIsDeliveredAndEveryEndIsRaised()
    {
        var full = new[] { "1", "2" }.Select(name => _publisher.Subscribe(properties: name)).ToList();
        _publisher.Publish("fills the queues");
        var third = _publisher.Subscribe(properties: "3");
        _raised.Clear();
        _publisher.Unsubscribed += (_, _) => throw new FormatException();

        var publish = () => _publisher.Publish("x");

        publish.Should().Throw<AggregateException>().Which.InnerExceptions.Should().HaveCount(2);
        _raised.Should().BeEquivalentTo("-1 Overflowed default channel", "-2 Overflowed default channel");
        (await third.GetAsyncEnumerator().NextAsync()).Should().Be("data: x\n\n");
    }

    [Fact]
    public async Task Subscribed_EndsOnAnotherThreadDuringTheHandler_IsRaisedBeforeUnsubscribed()
    {
        var publisher = new Publisher<string>();
        var raised = new List<string>();
        publisher.Subscribed += (_, _) =>
        {
            // The other thread ends the subscription before this handler returns.
            Task.Run(publisher.Close).Wait(Limits.Patience).Should().BeTrue();
            raised.Add("+");
        };
        publisher.Unsubscribed += (_, arguments) => raised.Add($"- {arguments.Subscription.EndReason}");

        await Task.Run(() => publisher.Subscribe()).WaitAsync(Limits.Patience);

        raised.Should().Equal("+", "- Closed");
    }

    [Fact]
    public void Unsubscribed_OverflowByAPersonalizedEvent_IsRaisedAndAllExceptionsAreThrown()
    {
        _publisher.Subscribe(properties: "full");
        _publisher.Publish("fills the queue");
        _publisher.Subscribe(properties: "failing");
        _publisher.Unsubscribed += (_, _) => throw new InvalidOperationException();
        _raised.Clear();

        var publish = () => _publisher.Publish(name => name == "failing" ? throw new FormatException() : name);

        publish.Should().Throw<AggregateException>().Which.InnerExceptions.Select(failure => failure.GetType())
            .Should().BeEquivalentTo([typeof(FormatException), typeof(InvalidOperationException)]);
        _raised.Should().Equal("-full Overflowed default channel");
    }

    [Fact]
    public void Unsubscribed_HandlerPublishesAtEachEnd_CallsDoNotNest()
    {
        var publisher = new Publisher(new PublisherOptions { QueueCapacity = 500 });
        var (depth, deepest, ends) = (0, 0, 0);
        publisher.Unsubscribed += (_, _) =>
        {
            ends++;
            deepest = Math.Max(deepest, ++depth);
            publisher.Publish("a subscriber left");
            depth--;
        };

        // Each subscriber has one event less than the previous one, so each end fills the next queue.
        for (var i = 0; i < 501; i++)
        {
            publisher.Subscribe();
            publisher.Publish("x");
        }

        ends.Should().BeGreaterThan(400);
        deepest.Should().Be(1);
    }

    [Fact]
    public void Dispose_HandlerPublishes_ReachesNoSubscriber()
    {
        var publisher = new Publisher<string>();
        var reached = new List<int>();
        publisher.Unsubscribed += (_, _) => reached.Add(publisher.Publish("a subscriber left"));
        publisher.Subscribe();
        publisher.Subscribe();

        publisher.Dispose();

        reached.Should().Equal(0, 0);
        publisher.Invoking(it => it.Publish("x")).Should().Throw<ObjectDisposedException>();
    }

    private void End(
        string way, Subscription<string> subscription, IAsyncEnumerator<string> reader, CancellationTokenSource cancellation)
    {
        switch (way)
        {
            case "Subscription.Close":
                subscription.Close();
                break;
            case "Subscription.Dispose":
                subscription.Dispose();
                break;
            case "Unsubscribe":
                _publisher.Unsubscribe();
                break;
            case "Disconnect":
                _publisher.Disconnect(_ => true).Should().Be(1);
                break;
            case "Leave":
                subscription.Leave(Publisher.DefaultChannel).Should().BeTrue();
                break;
            case "Overflow":
                _publisher.Publish("x");
                break;
            case "Overflow by a personalized event":
                _publisher.Publish(name => name);
                break;
            case "DisposeAsync":
                reader.DisposeAsync().AsTask().IsCompletedSuccessfully.Should().BeTrue();
                break;
            case "Cancel":
                cancellation.Cancel();
                break;
            default:
                _publisher.EndAll(way["Publisher.".Length..]);
                break;
        }
    }
}
