using System.Collections.Concurrent;
using System.Globalization;

namespace ServerSentEvents.Tests;

/// <summary>Tests many threads at once: no event is lost or duplicated, and all subscribers see the same order.</summary>
[Trait("Category", "Slow")]
public sealed class StressTests
{
    private const int Publishers = 4;
    private const int EventsPerPublisher = 5_000;
    private const int Visits = 20;
    private const int Subscribers = 50;

    [Fact]
    public async Task Publish_FourThreadsWhileSubscribersComeAndGo_DeliversEachEventOnceInOneOrder()
    {
        var publisher = new Publisher<int>(new PublisherOptions { QueueCapacity = int.MaxValue });
        var streams = Enumerable.Range(0, Subscribers)
            .Select(number => ReadAsync(publisher.Subscribe(number % 2 == 0 ? "all" : new[] { "all", "odd" }, number)))
            .ToArray();
        using var done = new CancellationTokenSource();
        var completed = new Counter();
        var visitors = Enumerable.Range(0, 2).Select(_ => Task.Run(() => VisitAsync(publisher, completed, done.Token))).ToArray();

        var published = new int[Publishers];
        using var limit = new CancellationTokenSource(2 * Limits.Patience);
        await RunOnThreads(Publishers, name => published[name] = PublishAll(publisher, name, completed, limit.Token));
        await done.CancelAsync();
        var visits = (await Task.WhenAll(visitors).WaitAsync(Limits.Patience)).SelectMany(visit => visit).ToList();
        publisher.Close();
        var read = await Task.WhenAll(streams).WaitAsync(Limits.Patience);

        var order = Array.ConvertAll(read[0], Name);
        order.Should().OnlyHaveUniqueItems().And.HaveCount(published.Sum());
        for (var name = 0; name < Publishers; name++)
        {
            order.Where(sent => sent.Publisher == name).Select(sent => sent.Number)
                .SequenceEqual(Enumerable.Range(0, published[name]))
                .Should().BeTrue("the events of one thread should keep their order");
        }

        for (var number = 0; number < Subscribers; number++)
        {
            read[number].Select(Name).SequenceEqual(order).Should().BeTrue("all subscribers should see the same order");
            read[number].Where(IsPersonal)
                .All(text => text.EndsWith($" for {number}\n\n", StringComparison.Ordinal)).Should().BeTrue();
        }

        // A visitor reads a contiguous run of the shared events. It may miss a personalized event that was being made
        // when it subscribed.
        var shared = order.Where(sent => !IsPersonalized(sent.Number)).ToList();
        var positions = shared.Select((name, position) => (name, position))
            .ToDictionary(pair => pair.name, pair => pair.position);
        visits.Should().HaveCountGreaterThanOrEqualTo(Visits);
        foreach (var visit in visits)
        {
            var seen = visit.Where(text => !IsPersonal(text)).Select(Name).ToList();
            var expected = seen.Count == 0 ? [] : shared.Skip(positions[seen[0]]).Take(seen.Count);
            seen.SequenceEqual(expected).Should().BeTrue("a visitor should miss no shared event");
        }
    }

    [Fact]
    public async Task SubscribeAndEnd_InAllWaysWhilePublishing_RaisesBothEventsOnceInOrder()
    {
        var publisher = new Publisher(new PublisherOptions { QueueCapacity = 2 });
        var subscribed = new ConcurrentDictionary<Subscription<object?>, bool>();
        var unsubscribed = new ConcurrentBag<Subscription<object?>>();
        publisher.Subscribed += (_, arguments) => subscribed.TryAdd(arguments.Subscription, true).Should().BeTrue();
        publisher.Unsubscribed += (_, arguments) =>
        {
            subscribed.ContainsKey(arguments.Subscription).Should().BeTrue("Subscribed should be raised before Unsubscribed");
            unsubscribed.Add(arguments.Subscription);
        };

        await RunOnThreads(Publishers, seed =>
        {
            var random = new Random(seed);
            for (var i = 0; i < 10_000; i++)
            {
                var subscription = publisher.Subscribe(random.Next(2) == 0 ? "a" : new[] { "a", "b" });
                publisher.Publish("x", "a");
                switch (random.Next(6))
                {
                    case 0: subscription.Dispose(); break;
                    case 1: subscription.Close(); break;
                    case 2: publisher.Unsubscribe("a"); break;
                    case 3: publisher.Unsubscribe("b"); break;
                    case 4: publisher.Close(); break;
                    default: publisher.Publish("y", ["b", "a"]); break;
                }
            }
        });
        publisher.Close();

        unsubscribed.Should().OnlyHaveUniqueItems().And.HaveCount(subscribed.Count);
        subscribed.Should().HaveCount(40_000);
        publisher.GetSubscribers(["a", "b"]).Should().BeEmpty();
    }

    /// <summary>Runs the work on new threads, so that the thread pool is free for the readers.</summary>
    private static Task RunOnThreads(int count, Action<int> work) =>
        Task.WhenAll(Enumerable.Range(0, count).Select(number => OwnThread.RunAsync(() => work(number), 3 * Limits.Patience)));

    /// <summary>Publishes until enough visits are complete, and returns the number of events.</summary>
    private static int PublishAll(Publisher<int> publisher, int name, Counter completed, CancellationToken limit)
    {
        var number = 0;
        for (; number < EventsPerPublisher || completed.Value < Visits; number++)
        {
            limit.ThrowIfCancellationRequested();
            var text = string.Create(CultureInfo.InvariantCulture, $"{name} {number}");
            if (IsPersonalized(number))
                publisher.Publish(subscriber => string.Create(CultureInfo.InvariantCulture, $"{text} for {subscriber}"), "all");
            else
                publisher.Publish(text, number % 3 == 0 ? new[] { "odd", "all" } : "all");
        }

        return number;
    }

    private static bool IsPersonalized(int number) => number % 4 == 0;

    private static bool IsPersonal(string text) => text.Contains(" for ", StringComparison.Ordinal);

    private static async Task<string[]> ReadAsync(Subscription<int> subscription)
    {
        await Task.Yield();
        return await subscription.ToArrayAsync();
    }

    /// <summary>Repeatedly subscribes, reads a few events, and unsubscribes.</summary>
    private static async Task<List<List<string>>> VisitAsync(Publisher<int> publisher, Counter completed, CancellationToken done)
    {
        var visits = new List<List<string>>();
        while (!done.IsCancellationRequested)
        {
            var seen = new List<string>();
            visits.Add(seen);
            try
            {
                await foreach (var text in publisher.Subscribe("all", -1).WithCancellation(done))
                {
                    seen.Add(text);
                    if (seen.Count > visits.Count % 20)
                        break;
                }

                completed.Increment();
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        return visits;
    }

    private static (int Publisher, int Number) Name(string text)
    {
        var words = text["data: ".Length..].TrimEnd('\n').Split(' ');
        return (int.Parse(words[0], CultureInfo.InvariantCulture), int.Parse(words[1], CultureInfo.InvariantCulture));
    }

    private sealed class Counter
    {
        private int _value;

        public int Value => Volatile.Read(ref _value);

        public void Increment() => Interlocked.Increment(ref _value);
    }
}
