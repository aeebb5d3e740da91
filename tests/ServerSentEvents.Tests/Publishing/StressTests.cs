using System.Collections.Concurrent;
using System.Globalization;

namespace ServerSentEvents.Tests;

/// <summary>Many at once: nothing is lost, nothing comes twice, and everybody sees one order.</summary>
public sealed class StressTests
{
    private const int Publishers = 4;
    private const int EventsOfEach = 5_000;
    private const int Visits = 20;
    private const int Subscribers = 50;

    [Fact]
    public async Task Publish_FourThreadsWhileOthersComeAndGo_LosesNothingAndAllSeeOneOrder()
    {
        var publisher = new Publisher<int>(new PublisherOptions { QueueCapacity = int.MaxValue });
        var streams = Enumerable.Range(0, Subscribers)
            .Select(number => ReadAsync(publisher.Subscribe(number % 2 == 0 ? "all" : new[] { "all", "odd" }, number)))
            .ToArray();
        using var done = new CancellationTokenSource();
        var visited = new Counter();
        var visitors = Enumerable.Range(0, 2).Select(_ => Task.Run(() => VisitAsync(publisher, visited, done.Token))).ToArray();

        var published = new int[Publishers];
        await OnThreads(Publishers, name => published[name] = PublishAll(publisher, name, visited)).WaitAsync(Streams.Limit);
        await done.CancelAsync();
        var visits = (await Task.WhenAll(visitors).WaitAsync(Streams.Limit)).SelectMany(visit => visit).ToList();
        publisher.Close();
        var read = await Task.WhenAll(streams).WaitAsync(Streams.Limit);

        var order = read[0].ConvertAll(Name);
        order.Should().OnlyHaveUniqueItems().And.HaveCount(published.Sum());
        for (var name = 0; name < Publishers; name++)
        {
            order.Where(one => one.Publisher == name).Select(one => one.Number)
                .SequenceEqual(Enumerable.Range(0, published[name])).Should().BeTrue("a publisher's own events keep their order");
        }

        for (var number = 0; number < Subscribers; number++)
        {
            read[number].ConvertAll(Name).SequenceEqual(order).Should().BeTrue("all see one order");
            read[number].Where(IsPersonal).All(text => text.EndsWith($" for {number}\n\n", StringComparison.Ordinal)).Should().BeTrue();
        }

        // One who comes in the midst sees an unbroken part of it, where no event was being made for each as they came.
        var shared = order.Where(one => !IsPersonalised(one.Number)).ToList();
        var places = shared.Select((one, place) => (one, place)).ToDictionary(pair => pair.one, pair => pair.place);
        visits.Should().HaveCountGreaterThanOrEqualTo(Visits);
        foreach (var visit in visits)
        {
            var seen = visit.Where(text => !IsPersonal(text)).Select(Name).ToList();
            seen.SequenceEqual(seen.Count == 0 ? [] : shared.Skip(places[seen[0]]).Take(seen.Count)).Should().BeTrue("a visitor misses nothing");
        }
    }

    [Fact]
    public async Task SubscribeAndEndInEveryWay_WhilePublishing_EachBeginsOnceAndEndsOnceInThatOrder()
    {
        var publisher = new Publisher(new PublisherOptions { QueueCapacity = 2 });
        var beginnings = new ConcurrentDictionary<Subscription<object?>, bool>();
        var ends = new ConcurrentBag<Subscription<object?>>();
        publisher.Subscribed += (_, arguments) => beginnings.TryAdd(arguments.Subscription, true).Should().BeTrue();
        publisher.Unsubscribed += (_, arguments) =>
        {
            beginnings.ContainsKey(arguments.Subscription).Should().BeTrue("the beginning is heard before the end");
            ends.Add(arguments.Subscription);
        };

        await OnThreads(Publishers, seed =>
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
        }).WaitAsync(Streams.Limit);
        publisher.Close();

        ends.Should().OnlyHaveUniqueItems().And.HaveCount(beginnings.Count);
        beginnings.Should().HaveCount(40_000);
        publisher.GetSubscribers(["a", "b"]).Should().BeEmpty();
    }

    /// <summary>Threads of their own, so that the thread pool is free for those who read.</summary>
    private static Task OnThreads(int count, Action<int> work) => Task.WhenAll(Enumerable.Range(0, count).Select(number =>
        Task.Factory.StartNew(() => work(number), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

    /// <summary>Publishes as many events as it takes for some to have come and gone meanwhile, and returns their number.</summary>
    private static int PublishAll(Publisher<int> publisher, int name, Counter visited)
    {
        var number = 0;
        for (; number < EventsOfEach || visited.Value < Visits; number++)
        {
            var text = string.Create(CultureInfo.InvariantCulture, $"{name} {number}");
            if (IsPersonalised(number))
                publisher.Publish(subscriber => string.Create(CultureInfo.InvariantCulture, $"{text} for {subscriber}"), "all");
            else
                publisher.Publish(text, number % 3 == 0 ? new[] { "odd", "all" } : "all");
        }

        return number;
    }

    private static bool IsPersonalised(int number) => number % 4 == 0;

    private static bool IsPersonal(string text) => text.Contains(" for ", StringComparison.Ordinal);

    private static async Task<List<string>> ReadAsync(Subscription<int> subscription)
    {
        await Task.Yield();
        return await subscription.ToListAsync();
    }

    /// <summary>Comes, reads a few events, and goes, again and again.</summary>
    private static async Task<List<List<string>>> VisitAsync(Publisher<int> publisher, Counter visited, CancellationToken done)
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

                visited.Increment();
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
