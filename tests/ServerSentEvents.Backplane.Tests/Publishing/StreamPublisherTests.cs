using System.Net.ServerSentEvents;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using ServerSentEvents.Backplane.Internal.Messages;
using ServerSentEvents.Backplane.Tests.Hosting;

namespace ServerSentEvents.Backplane.Tests.Publishing;

/// <summary>Tests publishers in a process without subscribers.</summary>
public sealed class StreamPublisherTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly InMemoryStream _stream = new("orders");
    private readonly ChangedTransport _changed;
    private readonly TestLog _log = new();

    public StreamPublisherTests() => _changed = new ChangedTransport(_stream);

    [Fact]
    public async Task PublishAsync_ProcessWithoutSubscribers_ReachesNodesAndOpensNoReader()
    {
        await using var node = await TestNode.StartAsync(_stream, options => options.SubscriberKey = name => name);
        await using var ann = node.Connect(name: "Ann");
        await using var bob = node.Connect(name: "Bob");
        await using var publisher = NewPublisher();
        await publisher.ConnectAsync().WithinPatience();

        await publisher.PublishAsync(new SseItem<string>("a", "price")).WithinPatience();
        (await ann.NextAsync()).Should().Match<SseItem<string>>(item => item.Data == "a" && item.EventType == "price");
        await publisher.DisconnectAsync("Ann").WithinPatience();
        await publisher.PublishAsync("b").WithinPatience();

        (await ann.RestAsync()).Should().BeEmpty();
        (await bob.NextAsync(2)).Should().Equal("a", "b");
        _changed.ReadersOpened.Should().Be(0);
        _changed.WritersOpened.Should().Be(1);
    }

    [Fact]
    public async Task PublishAsync_ConnectionIsLost_IsSentAgainAndDeliveredOnce()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();
        await using var publisher = NewPublisher();
        await publisher.ConnectAsync().WithinPatience();
        var swallowed = _changed.SwallowConfirmations();
        var publishing = publisher.PublishAsync("a").AsTask();
        await swallowed.WithinPatience();

        _changed.LoseWriter();
        await _time.AdvanceUntilAsync(() => publishing.IsCompleted);
        await publishing;
        await publisher.PublishAsync("b").WithinPatience();

        (await client.NextAsync(2)).Should().Equal("a", "b");
        _changed.ReadersOpened.Should().Be(0);
    }

    [Fact]
    public async Task PublishAsync_InvalidEvent_ThrowsAndPublishesNothing()
    {
        await using var publisher = NewPublisher();
        await publisher.ConnectAsync().WithinPatience();

        var publish = () => publisher.PublishAsync(new SseItem<string>("a") { EventId = "é" }).AsTask();

        await publish.Should().ThrowAsync<ArgumentException>().WithParameterName("item");
        await publisher.PublishAsync("b").WithinPatience();
        Published().Should().Equal("b");
    }

    [Fact]
    public async Task PublishAsync_InvalidArgument_FailsTheTaskAsInTheCore()
    {
        await using var backplane = NewPublisher();
        using var core = new Publisher();
        var invalid = new SseItem<string>("a") { EventId = "é" };

        foreach (var publisher in new IEventPublisher[] { backplane, core })
        {
            // The calls themselves do not throw.
            var invalidEvent = publisher.PublishAsync(invalid).AsTask();
            var canceled = publisher.PublishAsync(invalid, cancellationToken: new(canceled: true));

            invalidEvent.IsFaulted.Should().BeTrue();
            await invalidEvent.Awaiting(task => task).Should().ThrowAsync<ArgumentException>().WithParameterName("item");
            canceled.IsCanceled.Should().BeTrue();
        }

        var tooLarge = backplane.PublishAsync(new string('x', 300 << 10)).AsTask();
        await tooLarge.Awaiting(task => task).Should().ThrowAsync<ArgumentException>().WithParameterName("item");
        var badChannel = backplane.PublishAsync("a", "\ud800").AsTask();
        await badChannel.Awaiting(task => task).Should().ThrowAsync<ArgumentException>().WithParameterName("channels");
    }

    [Fact]
    public async Task DisconnectAsync_InvalidKey_FailsTheTask()
    {
        await using var publisher = NewPublisher();

        foreach (var key in new[] { null, "", "\ud800" })
        {
            // The call itself does not throw.
            var disconnecting = publisher.DisconnectAsync(key!);

            disconnecting.IsFaulted.Should().BeTrue();
            await disconnecting.Awaiting(task => task).Should().ThrowAsync<ArgumentException>();
        }
    }

    [Fact]
    public async Task PublishAsync_NothingIsConfirmed_TriesAnotherConnectionAndTheLogSaysWhy()
    {
        await using var publisher = NewPublisher();
        var publishing = await PublishUnconfirmedAsync(publisher);

        _log.Warnings.Should().ContainSingle().Which.Should().Contain("the broker has not confirmed a message for 00:00:30.");
        (await publishing.Invoking(task => task.WithinPatience()).Should().ThrowAsync<TimeoutException>())
            .WithMessage("Sent, but not confirmed *It may have been published.");
    }

    [Fact]
    public async Task CheckHealth_NewConnectionConfirmsNothingEither_IsDegradedUntilAMessageIsConfirmed()
    {
        await using var publisher = NewPublisher();
        var publishing = await PublishUnconfirmedAsync(publisher);
        await publishing.Invoking(task => task.WithinPatience()).Should().ThrowAsync<TimeoutException>();

        await Limits.UntilAsync(() => HealthText(publisher) == "Nothing can be published: the broker has not confirmed a message for 00:00:30.");
        _log.Lines.Should().NotContain(line => line.Contains("connected again", StringComparison.OrdinalIgnoreCase));
        _changed.LoseWriter();
        await _time.AdvanceUntilAsync(() => _changed.WritersOpened > 2);
        await publisher.PublishAsync("b").WithinPatience();

        await Limits.UntilAsync(() => HealthText(publisher) == "The broker takes events.");
    }

    [Fact]
    public async Task CheckHealth_NothingIsConfirmedAndThenTheBrokerIsAway_SaysThatThereIsNoConnection()
    {
        await using var publisher = NewPublisher();
        var publishing = await PublishUnconfirmedAsync(publisher);
        await publishing.Invoking(task => task.WithinPatience()).Should().ThrowAsync<TimeoutException>();

        _stream.Stop();

        await Limits.UntilAsync(() => HealthText(publisher) == "Nothing can be published: there is no connection: The broker is away.");
    }

    [Fact]
    public async Task CheckHealth_ConnectionIsLostWhileTheBrokerBlocks_IsDegradedUntilAMessageIsConfirmed()
    {
        const string blocked = "Nothing can be published: the broker blocks publishers (low on disk).";
        await using var publisher = NewPublisher();
        await publisher.ConnectAsync().WithinPatience();
        _stream.Block("low on disk");
        _stream.Cut();
        await Limits.UntilAsync(() => HealthText(publisher) == "Nothing can be published: there is no connection: Lost.");
        // The next connection does not know whether the broker still blocks.
        _stream.Block(null);
        await _time.AdvanceUntilAsync(() => HealthText(publisher) == blocked);
        Logged("takes events again").Should().Be(0);
        var confirmation = new TaskCompletionSource();
        _changed.ConfirmAfter(confirmation.Task);

        var publishing = publisher.PublishAsync("a").AsTask();
        await Limits.UntilAsync(() => Published().Contains("a"));
        HealthText(publisher).Should().Be(blocked);
        confirmation.SetResult();
        await publishing.WithinPatience();

        await Limits.UntilAsync(() => Logged("connected again for publishing") == 1);
        HealthText(publisher).Should().Be("The broker takes events.");
        (Logged("blocks publishers"), Logged("takes events again")).Should().Be((1, 1));
    }

    [Fact]
    public async Task ConnectAsync_BrokerBlocksFromTheStart_IsLoggedOnce()
    {
        _stream.Block("low on disk");
        await using var publisher = NewPublisher();
        await publisher.ConnectAsync().WithinPatience();
        await Limits.UntilAsync(() => Logged("blocks publishers: low on disk") == 1);

        _stream.Block("low on memory");
        _stream.Block(null);
        await publisher.PublishAsync("a").WithinPatience();

        (Logged("blocks publishers"), Logged("takes events again")).Should().Be((1, 1));
    }

    [Fact]
    public async Task PublishAsync_BrokerBlocks_ThrowsWithTheReasonAndIsNotPublishedLater()
    {
        await using var publisher = NewPublisher();
        await ConnectAndBlockAsync(publisher);
        var publishing = publisher.PublishAsync("too early").AsTask();

        _time.AdvanceSeconds(33);

        (await publishing.Invoking(task => task.WithinPatience()).Should().ThrowAsync<TimeoutException>()).WithMessage(
            "Not published within the PublishTimeout of 00:00:30: the broker blocks publishers (low on disk).");
        _stream.Block(null);
        await publisher.PublishAsync("later").WithinPatience();
        Published().Should().Equal("before", "later");
    }

    [Fact]
    public async Task PublishAsync_CanceledBeforeItIsSent_IsNotPublished()
    {
        await using var publisher = NewPublisher();
        await ConnectAndBlockAsync(publisher);
        using var cancellation = new CancellationTokenSource();
        var publishing = publisher.PublishAsync("canceled", cancellationToken: cancellation.Token).AsTask();

        await cancellation.CancelAsync();

        await publishing.Invoking(task => task.WithinPatience()).Should().ThrowAsync<OperationCanceledException>();
        _stream.Block(null);
        await publisher.PublishAsync("later").WithinPatience();
        Published().Should().Equal("before", "later");
    }

    [Fact]
    public async Task PublishAsync_CanceledToken_PublishesNothing()
    {
        await using var publisher = NewPublisher();
        await publisher.ConnectAsync().WithinPatience();
        var canceled = new CancellationToken(canceled: true);

        await publisher.Invoking(each => each.PublishAsync("a", cancellationToken: canceled).AsTask()).Should().ThrowAsync<OperationCanceledException>();
        await publisher.Invoking(each => each.DisconnectAsync("a", canceled)).Should().ThrowAsync<OperationCanceledException>();

        await publisher.PublishAsync("b").WithinPatience();
        Published().Should().Equal("b");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task PublishAsync_FailsAndTaskIsDropped_RaisesUnobservedTaskException(bool canBeCanceled)
    {
        using var cancellation = new CancellationTokenSource();
        var options = new TestPublisherOptions { TimeProvider = _time, PublishTimeout = TimeSpan.FromSeconds(29) };
        await using var publisher = new TestPublisher(options, _changed);
        var unobserved = 0;
        void Note(object? sender, UnobservedTaskExceptionEventArgs failure)
        {
            if (failure.Exception.ToString().Contains("PublishTimeout of 00:00:29", StringComparison.Ordinal))
                Interlocked.Increment(ref unobserved);
        }

        TaskScheduler.UnobservedTaskException += Note;
        try
        {
            // A stale reference can keep one task alive. Use ten, so that others are collected.
            for (var attempt = 0; attempt < 10; attempt++)
                _ = publisher.PublishAsync("a", cancellationToken: canBeCanceled ? cancellation.Token : default).AsTask();
            _time.AdvanceSeconds(32);
            await Limits.UntilAsync(() =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return Volatile.Read(ref unobserved) > 0;
            });
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Note;
        }
    }

    [Fact]
    public async Task ConnectAsync_NoBroker_ThrowsAfterTheTimeoutWithTheReason()
    {
        _stream.Stop();
        await using var publisher = NewPublisher();
        var connecting = publisher.ConnectAsync();
        await Limits.UntilAsync(() => _changed.WritersOpened > 0);

        await _time.AdvanceUntilAsync(() => connecting.IsCompleted);

        (await connecting.Invoking(task => task).Should().ThrowAsync<InvalidOperationException>()).WithMessage(
            "The stream orders is not ready after the PublishTimeout of 00:00:30: there is no connection: The broker is away.");
    }

    [Fact]
    public async Task ConnectAsync_BrokerRefuses_ThrowsAtOnceWithItsWords()
    {
        _stream.Refuse(new StreamRefusedException("no permission to write"));
        await using var publisher = NewPublisher();

        (await publisher.Invoking(each => each.ConnectAsync().WithinPatience()).Should().ThrowAsync<InvalidOperationException>())
            .WithMessage("The broker refuses the stream orders: no permission to write");
    }

    /// <summary>
    /// Blocks the publishers while the connection sends an event. The publisher then sees the block before it sends another event.
    /// </summary>
    private async Task ConnectAndBlockAsync(TestPublisher publisher)
    {
        await publisher.ConnectAsync().WithinPatience();
        var sending = new TaskCompletionSource();
        _changed.SendAfter(sending.Task);
        var publishing = publisher.PublishAsync("before").AsTask();
        await Limits.UntilAsync(() => _changed.SendsBegun == 1);
        _stream.Block("low on disk");
        sending.SetResult();
        await publishing.WithinPatience();
    }

    /// <summary>Publishes an event that no connection confirms, until there is a second one. Returns the task of the event.</summary>
    private async Task<Task> PublishUnconfirmedAsync(TestPublisher publisher)
    {
        await publisher.ConnectAsync().WithinPatience();
        var swallowed = _changed.SwallowConfirmations();
        var publishing = publisher.PublishAsync("a").AsTask();
        await swallowed.WithinPatience();
        _time.AdvanceSeconds(33);
        await _time.AdvanceUntilAsync(() => _changed.WritersOpened > 1);
        return publishing;
    }

    /// <summary>Returns the events of the stream. Several of them can share a message.</summary>
    private IEnumerable<string?> Published() => _stream.Messages.SelectMany(body =>
    {
        MessageFormat.Decode(body, out var message).Should().Be(DecodeResult.Decoded);
        return message.Items.Select(item => item.Event?.Data);
    });

    private static string? HealthText(TestPublisher publisher) => publisher.CheckHealth(HealthStatus.Unhealthy).Description;

    private int Logged(string text) => _log.Lines.Count(line => line.Contains(text, StringComparison.Ordinal));

    private TestPublisher NewPublisher() => new(new TestPublisherOptions { TimeProvider = _time, LoggerFactory = _log }, _changed);
}
