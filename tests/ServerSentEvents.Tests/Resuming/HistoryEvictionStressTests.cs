using System.Globalization;

namespace ServerSentEvents.Tests;

/// <summary>Tests clients that resume while the history evicts events by their size.</summary>
public sealed class HistoryEvictionStressTests
{
    /// <summary>The numbers of resumes, by <see cref="ResumeResult"/>.</summary>
    private readonly int[] _results = new int[3];

    /// <summary>The number of subscriptions.</summary>
    private int _subscribed;

    /// <summary>The number of events; a very high number after the last one.</summary>
    private int _published;

    [Fact]
    public async Task Resume_WhileEventsAreEvicted_NeverLeavesAHole()
    {
        const int threads = 2;
        const int eventsEach = 10_000;
        var publisher = new Publisher(new PublisherOptions
        {
            HistoryCapacity = 1_000,
            HistoryCapacityBytes = 50_000,
            HistoryMaxAge = null,
        });
        var publishing = Enumerable.Range(0, threads).Select(thread => OwnThread.RunAsync(() =>
        {
            for (var number = 0; number < eventsEach; number++)
            {
                publisher.Publish($"{thread} {number}", ChannelsOf(number));
                // The clients that do not stay away subscribe again after at most 50 events, and so keep up.
                var needed = Interlocked.Increment(ref _published) / 100;
                SpinWait.SpinUntil(() => Volatile.Read(ref _subscribed) >= needed, Limits.Patience).Should().BeTrue();
            }
        })).ToList();
        var clients = Enumerable.Range(0, 6).Select(client => Task.Run(() => ResumeAndCheckAsync(publisher, client, threads))).ToList();

        await Task.WhenAll(publishing).WaitAsync(Limits.Patience);
        Volatile.Write(ref _published, int.MaxValue);
        publisher.Dispose();
        await Task.WhenAll(clients).WaitAsync(Limits.Patience);

        _results[(int)ResumeResult.Resumed].Should().BePositive();
        _results[(int)ResumeResult.Gap].Should().BePositive();
    }

    /// <summary>Resumes until the publisher is disposed. Fails if an event is missing without a gap.</summary>
    private async Task ResumeAndCheckAsync(Publisher publisher, int client, int threads)
    {
        var random = new Random(client);
        var channels = ChannelsOf(client);
        var last = new int?[threads];
        string? lastId = null;
        while (TrySubscribe(publisher, channels, lastId) is { } subscription)
        {
            Interlocked.Increment(ref _subscribed);
            Interlocked.Increment(ref _results[(int)subscription.Resume]);
            if (subscription.Resume != ResumeResult.Resumed)
                last = new int?[threads];
            var left = random.Next(1, 50);
            await foreach (var item in subscription.AsItems())
            {
                var (thread, number) = (item.Data[0] - '0', int.Parse(item.Data[2..], CultureInfo.InvariantCulture));
                if (last[thread] is { } before && Enumerable.Range(before + 1, number - before - 1).Any(IsMine))
                    Assert.Fail($"{item.Data} came after {before}, and the result was {subscription.Resume}.");
                (last[thread], lastId) = (number, item.EventId);
                if (--left == 0)
                    break;
            }

            // Half of the clients stay away so long that the history has lost what they missed.
            var goOnAt = Volatile.Read(ref _published) + (client % 2 == 0 ? 0L : 1_500);
            await Limits.UntilAsync(() => Volatile.Read(ref _published) >= Math.Min(goOnAt, int.MaxValue));
        }

        bool IsMine(int number) => ChannelsOf(number).Intersect(channels).Any();
    }

    private static Subscription<object?>? TrySubscribe(Publisher publisher, string[] channels, string? lastEventId)
    {
        try
        {
            return publisher.Subscribe(new SubscribeOptions<object?>
            {
                Channels = channels,
                LastEventId = lastEventId,
                QueueCapacity = int.MaxValue,
                QueueOverflow = QueueOverflow.Disconnect,
            });
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
    }

    /// <summary>Returns the channels of an event or of a client.</summary>
    private static string[] ChannelsOf(int number) => (number % 3) switch { 0 => ["a"], 1 => ["b"], _ => ["b", "a"] };
}
