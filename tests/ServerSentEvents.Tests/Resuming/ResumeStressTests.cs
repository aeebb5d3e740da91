using System.Globalization;

namespace ServerSentEvents.Tests;

/// <summary>Tests that clients which disconnect and resume at random get every event once and in order.</summary>
[Trait("Category", "Slow")]
public sealed class ResumeStressTests
{
    private const int Publishers = 4;
    private const int EventsPerPublisher = 5_000;
    private const int Clients = 60;
    private const int QueueCapacity = 64;
    private const string End = "data: end\n";

    /// <summary>
    /// The most events for each client that are published but not yet read. Without this limit, one replay would contain
    /// almost all events.
    /// </summary>
    private const int MaxUnread = 8 * QueueCapacity;

    private readonly TaskCompletionSource[] _overflowed =
    [
        .. Enumerable.Range(0, Clients)
            .Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)),
    ];

    private readonly Publisher<int> _publisher = new(new PublisherOptions
    {
        HistoryCapacity = (Publishers * EventsPerPublisher) + 2, // Large enough that no resume finds a gap.
        QueueCapacity = QueueCapacity,
    });

    /// <summary>True if there are two channels, with some clients and some events in both.</summary>
    private bool _overlapping;

    private long _expected;
    private long _delivered;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Resume_RepeatedlyWhileFourThreadsPublish_DeliversEachEventOnceInOneOrder(bool overlapping)
    {
        _overlapping = overlapping;
        _publisher.Unsubscribed += (_, arguments) =>
        {
            if (arguments.Subscription.EndReason == SubscriptionEndReason.Overflowed)
                _overflowed[arguments.Subscription.Properties].TrySetResult();
        };
        var undisturbed = _publisher.Subscribe(
            new SubscribeOptions<int> { Channels = ["a", "b"], Properties = -1, QueueCapacity = int.MaxValue });
        var start = await StartAsync();

        // All clients subscribe before the first event, so that each of them overflows at least once.
        var first = Enumerable.Range(0, Clients).Select(client => Subscribe(client, start)).ToList();
        var reading = Task.WhenAll(first.Select(subscription => Task.Run(() => ReadAllAsync(subscription, start))));
        var publishing = Task.WhenAll(Enumerable.Range(0, Publishers).Select(name => OwnThread.RunAsync(() => PublishAll(name), 3 * Limits.Patience)));
        await publishing;
        _publisher.Publish("end", ["a", "b"]);
        var read = await reading.WaitAsync(Limits.Patience);
        _publisher.Close();

        var order = (await undisturbed.ToArrayAsync()).Skip(1).SkipLast(1).Select(text => Name(text, -1)).ToList();
        order.Should().OnlyHaveUniqueItems().And.HaveCount(Publishers * EventsPerPublisher);
        for (var client = 0; client < Clients; client++)
        {
            var own = order.Where(name => IsFor(name, client));
            read[client].SequenceEqual(own)
                .Should().BeTrue("client {0} should get each event of its channels once and in order", client);
        }
    }

    /// <summary>Publishes a first event, and returns its id. Each client resumes from that id.</summary>
    private async Task<string> StartAsync()
    {
        await using var first = _publisher.Subscribe("a").GetAsyncEnumerator();
        _publisher.Publish("start", ["a", "b"]);
        return Frames.IdOf(await first.NextAsync());
    }

    private void PublishAll(int publisherName)
    {
        for (var number = 0; number < EventsPerPublisher; number++)
        {
            var name = (publisherName * EventsPerPublisher) + number;
            var text = name.ToString(CultureInfo.InvariantCulture);
            if (IsPersonalized(name))
                _publisher.Publish(client => $"{text} for {client.ToString(CultureInfo.InvariantCulture)}", ChannelsOf(name));
            else
                _publisher.Publish(text, ChannelsOf(name));

            // The limit counts all clients together, so that a single slow client can still overflow.
            var expected = Interlocked.Add(ref _expected, Enumerable.Range(0, Clients).Count(client => IsFor(name, client)));
            if (!SpinWait.SpinUntil(() => expected - Interlocked.Read(ref _delivered) < MaxUnread * Clients, Limits.Patience))
                Assert.Fail("The clients have stopped reading.");
        }
    }

    private Subscription<int> Subscribe(int client, string lastEventId)
    {
        var subscription = _publisher.Subscribe(
            new SubscribeOptions<int> { Channels = ChannelsOf(client), Properties = client, LastEventId = lastEventId });
        subscription.Resume.Should().Be(ResumeResult.Resumed);
        return subscription;
    }

    private async Task<List<int>> ReadAllAsync(Subscription<int> subscription, string lastEventId)
    {
        var client = subscription.Properties;
        var random = new Random(client);
        var read = new List<int>();

        // The client does not read until its queue overflows. Then it reads the queued events and resumes after them.
        await _overflowed[client].Task.WaitAsync(Limits.Patience);
        for (; ; subscription = Subscribe(client, lastEventId))
        {
            await foreach (var text in ReadSomeAsync(subscription, random))
            {
                if (text.StartsWith(End, StringComparison.Ordinal))
                    return read;
                lastEventId = Frames.IdsOf(text).FirstOrDefault() ?? lastEventId;
                if (!text.StartsWith("data:", StringComparison.Ordinal))
                    continue;
                read.Add(Name(text, client));
                Interlocked.Increment(ref _delivered);
            }
        }
    }

    /// <summary>Reads some events, and then ends the subscription in a random way.</summary>
    private static async IAsyncEnumerable<string> ReadSomeAsync(Subscription<int> subscription, Random random)
    {
        using var canceled = new CancellationTokenSource();
        await using var reader = subscription.GetAsyncEnumerator(canceled.Token);
        var count = 0;
        var limit = random.Next(1, 4 * QueueCapacity);
        while (await MoveNextAsync(reader))
        {
            yield return reader.Current;
            if (++count != limit)
                continue;
            switch (random.Next(5))
            {
                case 0: subscription.Dispose(); break;
                case 1: await canceled.CancelAsync(); break;
                case 2: subscription.Close(); break;
                case 3: _ = Task.Run(subscription.Dispose); break; // At an unknown moment.
                default: yield break;
            }
        }
    }

    private static async Task<bool> MoveNextAsync(IAsyncEnumerator<string> reader)
    {
        try
        {
            return await reader.MoveNextAsync();
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static bool IsPersonalized(int name) => name % 4 == 0;

    /// <summary>Returns the channels of an event or of a client: one of the two, or both.</summary>
    private string[] ChannelsOf(int number) => Bits(number) switch
    {
        1 => ["a"],
        2 => ["b"],
        _ => ["b", "a"],
    };

    private int Bits(int number) => _overlapping ? (number % 3) + 1 : 1;

    private bool IsFor(int name, int client) => (Bits(name) & Bits(client)) != 0;

    /// <summary>Returns the number of an event. Fails if the event was made for another client.</summary>
    private static int Name(string text, int client)
    {
        var data = text["data: ".Length..text.IndexOf('\n', StringComparison.Ordinal)];
        var words = data.Split(" for ");
        var name = int.Parse(words[0], CultureInfo.InvariantCulture);
        var isForClient = words.Length == 2 && words[1] == client.ToString(CultureInfo.InvariantCulture);
        if (IsPersonalized(name) ? !isForClient : words.Length > 1)
            Assert.Fail($"Client {client} received '{data}'.");
        return name;
    }
}
