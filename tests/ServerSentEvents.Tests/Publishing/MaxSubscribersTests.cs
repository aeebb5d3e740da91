using System.Globalization;
using System.Net.ServerSentEvents;
using System.Text;

namespace ServerSentEvents.Tests;

/// <summary>Tests <see cref="PublisherOptions.MaxSubscribers"/>.</summary>
public sealed class MaxSubscribersTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly Publisher _publisher;

    public MaxSubscribersTests() => _publisher = NewPublisher(maxSubscribers: 2);

    [Fact]
    public void Subscribe_AtTheLimit_IsRefused()
    {
        _publisher.Subscribe("a");
        _publisher.Subscribe(["a", "b", "c"]).EndReason.Should().BeNull("a subscription of several channels counts once");

        var refused = _publisher.Subscribe(new SubscribeOptions<object?> { Channels = "b", Properties = "its own", LastEventId = "1" });

        refused.EndReason.Should().Be(SubscriptionEndReason.Refused);
        refused.Resume.Should().Be(ResumeResult.NotRequested);
        refused.Properties.Should().Be("its own");
        refused.Channels.Should().BeEmpty();
        refused.SubscribedAt.Should().Be(_time.GetUtcNow());
        _publisher.Publish("x", "b").Should().Be(1);
        _publisher.GetSubscribers(["a", "b", "c"]).Should().HaveCount(2);
        _publisher.Subscribe().EndReason.Should().Be(SubscriptionEndReason.Refused, "a refused subscription frees no place");
    }

    [Fact]
    public void Subscribe_NoLimit_IsNeverRefused()
    {
        using var publisher = new Publisher();

        for (var i = 0; i < 1_000; i++)
            publisher.Subscribe().EndReason.Should().BeNull();
    }

    [Theory]
    [InlineData("close")]
    [InlineData("dispose")]
    [InlineData("unsubscribe")]
    [InlineData("close publisher")]
    [InlineData("overflow")]
    [InlineData("cancel")]
    [InlineData("cancel copy")]
    [InlineData("handler throws")]
    public async Task Subscribe_AnotherSubscriptionHasEnded_TakesItsPlace(string end)
    {
        using var cancellation = new CancellationTokenSource();
        using var publisher = NewPublisher(maxSubscribers: 1);
        if (end == "handler throws")
        {
            publisher.Subscribed += Throw;
            publisher.Invoking(it => it.Subscribe()).Should().Throw<AggregateException>();
            publisher.Subscribed -= Throw;
        }
        else
        {
            var first = publisher.Subscribe();
            publisher.Publish("unread");
            publisher.Subscribe().EndReason.Should().Be(SubscriptionEndReason.Refused);
            await EndAsync(publisher, first, end, cancellation);
        }

        publisher.Subscribe().EndReason.Should().BeNull();
        publisher.Subscribe().EndReason.Should().Be(SubscriptionEndReason.Refused);

        static void Throw(object? sender, SubscriptionEventArgs<object?> arguments) => throw new FormatException();
    }

    [Fact]
    public void Unsubscribe_FromOneOfTwoChannels_FreesNoPlace()
    {
        _publisher.Subscribe(["a", "b"]);
        _publisher.Subscribe("a");

        _publisher.Unsubscribe("b");

        _publisher.Subscribe().EndReason.Should().Be(SubscriptionEndReason.Refused);
    }

    [Fact]
    public async Task Subscribe_RefusedWithoutAReconnectionInterval_SendsARandomRetry()
    {
        Fill(_publisher);
        var retries = new List<int>();

        for (var i = 0; i < 50; i++)
        {
            var texts = await _publisher.Subscribe(initialData: ["state"]).ToArrayAsync();
            texts.Should().ContainSingle().Which.Should().StartWith("retry: ").And.EndWith("\n");
            retries.Add(int.Parse(texts[0]["retry: ".Length..], CultureInfo.InvariantCulture));
        }

        retries.Should().OnlyContain(milliseconds => milliseconds >= 5_000 && milliseconds <= 10_000);
        retries.Distinct().Should().HaveCountGreaterThan(25);
        (retries.Max() - retries.Min()).Should().BeGreaterThan(2_500);
    }

    [Fact]
    public async Task Subscribe_RefusedWithAReconnectionInterval_SendsItWithItsJitter()
    {
        using var publisher = new Publisher(new PublisherOptions
        {
            MaxSubscribers = 1,
            ReconnectionInterval = TimeSpan.FromSeconds(20),
            ReconnectionJitter = TimeSpan.FromSeconds(1),
        });
        publisher.Subscribe();

        for (var i = 0; i < 20; i++)
        {
            var text = (await publisher.Subscribe().ToArrayAsync()).Should().ContainSingle().Subject;
            int.Parse(text["retry: ".Length..], CultureInfo.InvariantCulture).Should().BeInRange(20_000, 21_000);
        }
    }

    [Fact]
    public async Task AsItems_Refused_IsEmpty()
    {
        Fill(_publisher);

        (await _publisher.Subscribe().AsItems().ToArrayAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task CopyToAsync_Refused_CopiesARetry()
    {
        Fill(_publisher);
        using var stream = new MemoryStream();

        await _publisher.Subscribe().CopyToAsync(stream).WaitAsync(Limits.Patience);

        Encoding.UTF8.GetString(stream.ToArray()).Should().MatchRegex("^retry: [0-9]{4,5}\n$");
    }

    [Fact]
    public void Subscribe_Refused_RaisesNoEvents()
    {
        Fill(_publisher);
        var raised = 0;
        _publisher.Subscribed += (_, _) => raised++;
        _publisher.Unsubscribed += (_, _) => raised++;

        var refused = _publisher.Subscribe();
        refused.Close();
        refused.Dispose();

        raised.Should().Be(0);
        refused.EndReason.Should().Be(SubscriptionEndReason.Refused);
    }

    [Fact]
    public async Task Subscribe_RefusedAndNeverRead_IsCutOffAfterTheLingerTimeout()
    {
        Fill(_publisher);
        var refused = _publisher.Subscribe();

        _time.Advance(TimeSpan.FromSeconds(29));
        refused.QueuedEvents.Should().Be(1);
        for (var i = 0; i < 5; i++)
            _time.Advance(TimeSpan.FromSeconds(5));

        await Limits.UntilAsync(() => refused.QueuedEvents == 0);
        refused.EndReason.Should().Be(SubscriptionEndReason.Refused);
    }

    [Fact]
    public void Subscribe_AtTheLimit_DoesNotEnumerateTheInitialData()
    {
        Fill(_publisher);

        _publisher.Subscribe(initialData: Enumerated()).EndReason.Should().Be(SubscriptionEndReason.Refused);
        _publisher.Subscribe(new SubscribeOptions<object?> { InitialData = Enumerated().Select(data => new SseItem<string>(data)) })
            .EndReason.Should().Be(SubscriptionEndReason.Refused);

        static IEnumerable<string> Enumerated()
        {
            Assert.Fail("The initial data was enumerated.");
            yield break;
        }
    }

    [Fact]
    public async Task Subscribe_LastPlaceIsTakenWhileTheInitialDataIsEnumerated_IsRefused()
    {
        _publisher.Subscribe();

        var refused = _publisher.Subscribe(new SubscribeOptions<object?> { InitialData = TakeLastPlace(), LastEventId = "1" });

        refused.EndReason.Should().Be(SubscriptionEndReason.Refused);
        refused.Resume.Should().Be(ResumeResult.NotRequested);
        (await refused.ToArrayAsync()).Should().ContainSingle().Which.Should().StartWith("retry: ");

        IEnumerable<SseItem<string>> TakeLastPlace()
        {
            _publisher.Subscribe().EndReason.Should().BeNull();
            yield return new("state");
        }
    }

    [Fact]
    public void Subscribe_AtTheLimitWithInvalidArguments_Throws()
    {
        Fill(_publisher);

        _publisher.Invoking(it => it.Subscribe(ChannelNames.Create([]))).Should().Throw<ArgumentException>();
        _publisher.Invoking(it => it.Subscribe(new SubscribeOptions<object?> { QueueCapacity = 0 })).Should().Throw<ArgumentException>();
        _publisher.Dispose();
        _publisher.Invoking(it => it.Subscribe()).Should().Throw<ObjectDisposedException>();
    }

    [Fact]
    public void Subscribe_AtTheLimitWhileDraining_IsClosed()
    {
        Fill(_publisher);

        _publisher.Drain();

        _publisher.Subscribe().EndReason.Should().Be(SubscriptionEndReason.Closed);
    }

    [Fact]
    public async Task Subscribe_ManyThreads_NeverExceedsTheLimit()
    {
        const int limit = 5;
        const int threads = 8;
        using var publisher = NewPublisher(limit);
        var open = 0;
        var mostOpen = new List<int>();
        // All threads subscribe at the same time. When all have, each disposes its subscription.
        using var step = new Barrier(threads, phase =>
        {
            if (phase.CurrentPhaseNumber % 2 == 1)
                mostOpen.Add(open);
            open = 0;
        });

        await Task.WhenAll(Enumerable.Range(0, threads).Select(_ => OwnThread.RunAsync(() =>
        {
            for (var i = 0; i < 500; i++)
            {
                step.SignalAndWait();
                using var subscription = publisher.Subscribe();
                if (subscription.EndReason is null)
                    Interlocked.Increment(ref open);
                step.SignalAndWait();
            }
        }, 3 * Limits.Patience)));

        mostOpen.Should().HaveCount(500).And.OnlyContain(count => count <= limit);
        mostOpen.Should().Contain(limit);
        Fill(publisher);
        publisher.GetSubscribers().Should().HaveCount(limit, "every place is free again");
    }

    private Publisher NewPublisher(int maxSubscribers) => new(new PublisherOptions
    {
        MaxSubscribers = maxSubscribers,
        HistoryCapacity = 10,
        QueueCapacity = 1,
        TimeProvider = _time,
    });

    private static void Fill(Publisher publisher)
    {
        while (publisher.Subscribe().EndReason is null)
        {
        }
    }

    private static async Task EndAsync(
        Publisher publisher, Subscription<object?> subscription, string end, CancellationTokenSource cancellation)
    {
        switch (end)
        {
            case "close":
                subscription.Close();
                break;
            case "dispose":
                subscription.Dispose();
                break;
            case "unsubscribe":
                publisher.Unsubscribe();
                break;
            case "close publisher":
                publisher.Close();
                break;
            case "overflow":
                publisher.Publish("one too many");
                break;
            case "cancel":
                _ = subscription.GetAsyncEnumerator(cancellation.Token);
                await cancellation.CancelAsync();
                break;
            default:
                _ = subscription.CopyToAsync(new NullPipeWriter(), cancellation.Token);
                await cancellation.CancelAsync();
                break;
        }

        subscription.EndReason.Should().NotBeNull();
    }
}
