using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;

namespace ServerSentEvents.Tests;

/// <summary>
/// Tests what an ended subscription keeps alive, for applications that keep the subscription. The tests measure memory, so no
/// other test runs at the same time.
/// </summary>
[Collection(nameof(RunAlone))]
public sealed class ReleaseTests
{
    /// <summary>Far more than all else that the tests allocate.</summary>
    private const int Large = 32 * 1024 * 1024;

    [Theory]
    [InlineData("copy", "dispose")]
    [InlineData("copy", "close")]
    [InlineData("copy", "cancel")]
    [InlineData("copy", "reader leaves")]
    [InlineData("foreach", "dispose")]
    [InlineData("foreach", "close")]
    [InlineData("foreach", "cancel")]
    [InlineData("foreach", "reader leaves")]
    [InlineData("never read", "dispose")]
    [InlineData("never read", "close")]
    public async Task End_SubscriptionIsKept_HoldsNeitherWriterNorPublisher(string reader, string end)
    {
        using var cancellation = new CancellationTokenSource();

        var (subscription, references) = await Task.Run(() => SubscribeAndEndAsync(reader, end, cancellation))
            .WaitAsync(Limits.Patience);

        await references.ShouldBecomeGarbageAsync();
        subscription.EndReason.Should().NotBeNull();
        subscription.QueuedEvents.Should().Be(0);
        subscription.QueuedBytes.Should().Be(0);
        subscription.DroppedEvents.Should().Be(0);
        subscription.Channels.Should().Equal("room");
        subscription.Properties.Should().Be("ann");
        subscription.Dispose();
        subscription.Close();
    }

    [Fact]
    public async Task Subscribe_AfterDrainAndNeverRead_LetsGoOfThePublisherAfterTheLingerTimeout()
    {
        var timeout = TimeSpan.FromSeconds(20);
        var time = new FakeTimeProvider();

        var (subscription, publisher) = await Task.Run(SubscribeAfterDrainAsync).WaitAsync(Limits.Patience);

        await new[] { publisher }.ShouldBecomeGarbageAsync();
        subscription.EndReason.Should().Be(SubscriptionEndReason.Closed);
        subscription.Channels.Should().BeEmpty();
        subscription.Properties.Should().Be("ann");

        async Task<(Subscription<string> Subscription, WeakReference Publisher)> SubscribeAfterDrainAsync()
        {
            var draining = new Publisher<string>(new PublisherOptions { LingerTimeout = timeout, TimeProvider = time });
            draining.Drain();
            var turnedAway = draining.Subscribe("room", "ann");
            time.Advance(1.25 * timeout);
            await Limits.UntilAsync(() => turnedAway.QueuedEvents == 0);
            return (turnedAway, new(draining));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Dispose_NeverRead_ReleasesInitialDataAndQueue(bool isDuringRead)
    {
        using var publisher = new Publisher();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var subscription = Subscribe(publisher);
        var reader = isDuringRead ? subscription.GetAsyncEnumerator() : null;
        (GC.GetTotalMemory(forceFullCollection: true) - before).Should().BeGreaterThan(Large);

        subscription.Dispose();

        subscription.QueuedEvents.Should().Be(0);
        (GC.GetTotalMemory(forceFullCollection: true) - before).Should().BeLessThan(Large / 4);
        GC.KeepAlive(reader);
        GC.KeepAlive(subscription);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static Subscription<object?> Subscribe(Publisher publisher)
        {
            var subscription = publisher.Subscribe(new SubscribeOptions<object?>
            {
                InitialData = [new SseItem<string>(new string('x', Large))],
            });
            publisher.Publish(new string('y', Large));
            return subscription;
        }
    }

    private static async Task<(Subscription<string> Subscription, List<WeakReference> References)> SubscribeAndEndAsync(
        string reader, string end, CancellationTokenSource cancellation)
    {
        var publisher = new Publisher<string>(new PublisherOptions { HistoryCapacity = 10 });
        var subscription = publisher.Subscribe("room", "ann", ["initial"]);
        var references = new List<WeakReference> { new(publisher) };
        publisher.Publish("queued", "room");
        var read = new ReadText();
        var reading = Task.CompletedTask;
        if (reader == "copy")
        {
            var stream = end == "reader leaves" ? new FailingStream(at: 5) : (Stream)new TextStream(read);
            references.Add(new(stream));
            reading = subscription.CopyToAsync(stream, cancellation.Token);
        }
        else if (reader == "foreach")
        {
            reading = ReadAsync(subscription, read, leaves: end == "reader leaves", cancellation.Token);
        }

        if (reader != "never read" && end != "reader leaves")
            await read.WaitForAsync("data: queued\n");
        switch (end)
        {
            case "dispose":
                subscription.Dispose();
                break;
            case "close" when reader == "never read":
                publisher.Close();
                subscription.Dispose();
                break;
            case "close":
                publisher.Close();
                break;
            case "cancel":
                await cancellation.CancelAsync();
                break;
            default:
                break;
        }

        await Record.ExceptionAsync(() => reading);
        return (subscription, references);
    }

    private static async Task ReadAsync(
        Subscription<string> subscription, ReadText read, bool leaves, CancellationToken cancellationToken)
    {
        await foreach (var text in subscription.WithCancellation(cancellationToken))
        {
            read.Add(text);
            if (leaves)
                return;
        }
    }
}
