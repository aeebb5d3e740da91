using System.Globalization;

namespace ServerSentEvents.Tests;

/// <summary>Clients that come and go at random, and take up where they were: each ends with every event, once and in order.</summary>
public sealed class ResumeStressTests
{
    private const int Publishers = 4;
    private const int EventsOfEach = 5_000;
    private const int Clients = 60;
    private const int QueueCapacity = 64;
    private const string End = "data: end\n";

    /// <summary>How far publishing may be ahead of reading: without a bound, one replay would bring nearly everything.</summary>
    private const int Lead = 8 * QueueCapacity;

    private readonly TaskCompletionSource[] _overflowed =
        [.. Enumerable.Range(0, Clients).Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))];

    private readonly Publisher<int> _publisher = new(new PublisherOptions
    {
        HistoryCapacity = (Publishers * EventsOfEach) + 2, // Nothing is forgotten: no resume may find a gap.
        QueueCapacity = QueueCapacity,
    });

    /// <summary>Whether there are two channels, and some clients and some events in both.</summary>
    private bool _overlapping;

    private long _due;
    private long _delivered;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Resume_AgainAndAgainWhileFourThreadsPublish_EachEndsWithEveryEventOnceAndInTheOneOrder(bool overlapping)
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

        // All are there before the first event, so that each of them overflows once for certain.
        var first = Enumerable.Range(0, Clients).Select(client => Subscribe(client, start)).ToList();
        var reading = Task.WhenAll(first.Select(subscription => Task.Run(() => ReadAllAsync(subscription, start))));
        var publishing = Task.WhenAll(Enumerable.Range(0, Publishers).Select(name => OnItsOwnThread(() => PublishAll(name))));
        await publishing.WaitAsync(2 * Streams.Limit);
        _publisher.Publish("end", ["a", "b"]);
        var read = await reading.WaitAsync(Streams.Limit);
        _publisher.Close();

        var order = (await undisturbed.ToListAsync()).Skip(1).SkipLast(1).Select(text => Name(text, -1)).ToList();
        order.Should().OnlyHaveUniqueItems().And.HaveCount(Publishers * EventsOfEach);
        for (var client = 0; client < Clients; client++)
        {
            var own = order.Where(name => IsFor(name, client));
            read[client].SequenceEqual(own).Should().BeTrue("client {0} has every event of its channels, once and in order", client);
        }
    }

    /// <summary>The id of an event before all others, so that each client has something to resume from.</summary>
    private async Task<string> StartAsync()
    {
        await using var first = _publisher.Subscribe("a").GetAsyncEnumerator();
        _publisher.Publish("start", ["a", "b"]);
        return IdOf(await first.NextAsync())!;
    }

    /// <summary>A thread of its own, so that the thread pool is free for those who read.</summary>
    private static Task OnItsOwnThread(Action work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void PublishAll(int publisherName)
    {
        for (var number = 0; number < EventsOfEach; number++)
        {
            var name = (publisherName * EventsOfEach) + number;
            var text = name.ToString(CultureInfo.InvariantCulture);
            if (IsPersonalised(name))
                _publisher.Publish(client => $"{text} for {client.ToString(CultureInfo.InvariantCulture)}", ChannelsOf(name));
            else
                _publisher.Publish(text, ChannelsOf(name));

            // All clients together: a single one that is slow overflows, as it would in life.
            var due = Interlocked.Add(ref _due, Enumerable.Range(0, Clients).Count(client => IsFor(name, client)));
            if (!SpinWait.SpinUntil(() => due - Interlocked.Read(ref _delivered) < Lead * Clients, Streams.Limit))
                Assert.Fail("The clients do not read on.");
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

        // Whoever does not read overflows; it still reads what was queued, and resumes from that.
        await _overflowed[client].Task.WaitAsync(Streams.Limit);
        for (; ; subscription = Subscribe(client, lastEventId))
        {
            await foreach (var text in SomeOf(subscription, random))
            {
                if (text.StartsWith(End, StringComparison.Ordinal))
                    return read;
                lastEventId = IdOf(text) ?? lastEventId;
                if (!text.StartsWith("data:", StringComparison.Ordinal))
                    continue;
                read.Add(Name(text, client));
                Interlocked.Increment(ref _delivered);
            }
        }
    }

    /// <summary>Reads for a while, and then goes, in one of the ways in which clients go.</summary>
    private static async IAsyncEnumerable<string> SomeOf(Subscription<int> subscription, Random random)
    {
        using var canceled = new CancellationTokenSource();
        await using var reader = subscription.GetAsyncEnumerator(canceled.Token);
        var count = 0;
        var enough = random.Next(1, 4 * QueueCapacity);
        while (await MoveNextAsync(reader))
        {
            yield return reader.Current;
            if (++count != enough)
                continue;
            switch (random.Next(5))
            {
                case 0: subscription.Dispose(); break;
                case 1: await canceled.CancelAsync(); break;
                case 2: subscription.Close(); break;
                case 3: _ = Task.Run(subscription.Dispose); break; // At whatever moment that comes.
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

    private static bool IsPersonalised(int name) => name % 4 == 0;

    /// <summary>The channels of an event, and those of a client: one, the other, or both.</summary>
    private string[] ChannelsOf(int number) => Bits(number) switch
    {
        1 => ["a"],
        2 => ["b"],
        _ => ["b", "a"],
    };

    private int Bits(int number) => _overlapping ? (number % 3) + 1 : 1;

    private bool IsFor(int name, int client) => (Bits(name) & Bits(client)) != 0;

    /// <summary>Which event that is; one that was made for a client has to be for this one.</summary>
    private static int Name(string text, int client)
    {
        var data = text["data: ".Length..text.IndexOf('\n', StringComparison.Ordinal)];
        var words = data.Split(" for ");
        var name = int.Parse(words[0], CultureInfo.InvariantCulture);
        var isOwn = words.Length == 2 && words[1] == client.ToString(CultureInfo.InvariantCulture);
        if (IsPersonalised(name) ? !isOwn : words.Length > 1)
            Assert.Fail($"Client {client} was sent '{data}'.");
        return name;
    }

    private static string? IdOf(string text) =>
        text.Split('\n').FirstOrDefault(line => line.StartsWith("id: ", StringComparison.Ordinal))?["id: ".Length..];
}
