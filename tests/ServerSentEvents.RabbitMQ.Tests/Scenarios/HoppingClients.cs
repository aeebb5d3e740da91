using System.Diagnostics;
using Xunit.Abstractions;

namespace ServerSentEvents.RabbitMQ.Tests.Scenarios;

/// <summary>Many clients that hop between the nodes at random while events are published on all of them.</summary>
internal sealed class HoppingClients(TestNode[] nodes, int clients, int events, ITestOutputHelper output)
{
    private const int InFlight = 100;
    private const int LongestStay = 500;

    private readonly CountdownEvent _connected = new(clients);
    private readonly TaskCompletionSource _allConnected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _partPublished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _isOver = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _published;
    private int _hops;

    /// <summary>
    /// Sees that every client had every event once and in order, whatever was done when a quarter was published. As long as
    /// that takes, each node publishes its events one by one, so that it meets both of them at work, and the last quarter
    /// comes after it.
    /// </summary>
    internal async Task RunAsync(string name, Func<Task>? meanwhile = null)
    {
        var reading = Enumerable.Range(0, clients).Select(seed => Task.Run(() => ReadAsync(new Random(seed)))).ToList();
        await _allConnected.Task.WithinPatience();
        var stopwatch = Stopwatch.StartNew();
        var publishing = nodes.Select((node, index) => PublishAsync(node, index)).ToList();
        await _partPublished.Task.WithinPatience();
        if (meanwhile is not null)
            await meanwhile();
        var publishedMeanwhile = Volatile.Read(ref _published);
        _isOver.SetResult();
        await Task.WhenAll(publishing).WithinPatience();
        var published = stopwatch.Elapsed;
        var seen = await Task.WhenAll(reading).WithinPatience();

        output.WriteLine(
            $"{name}: {events} events to {clients} clients on {nodes.Length} nodes, published in {published.TotalSeconds:F1} s, "
            + $"read in {stopwatch.Elapsed.TotalSeconds:F1} s, {_hops} hops, "
            + $"{publishedMeanwhile} published when it was over");
        publishedMeanwhile.Should().BeLessThan(Last(events), "both nodes were publishing all the while");
        for (var index = 0; index < nodes.Length; index++)
            seen[0].Where(data => data.Node == index).Select(data => data.Number).Should().Equal(Enumerable.Range(0, events / nodes.Length));
        foreach (var each in seen)
            each.SequenceEqual(seen[0]).Should().BeTrue("all have one order, and every event once");
    }

    private async Task<List<(int Node, int Number)>> ReadAsync(Random random)
    {
        var seen = new List<(int, int)>(events);
        string? lastEventId = null;
        while (seen.Count < events)
        {
            await using var client = nodes[random.Next(nodes.Length)].Connect(lastEventId);
            Interlocked.Increment(ref _hops);
            if (lastEventId is null && _connected.Signal())
                _allConnected.TrySetResult();
            if (lastEventId is not null)
                client.Resume.Should().Be(ResumeResult.Resumed);
            for (var stay = random.Next(1, LongestStay); stay > 0 && seen.Count < events; stay--)
            {
                var data = (await client.NextAsync()).Data.Split(':');
                seen.Add((int.Parse(data[0], provider: null), int.Parse(data[1], provider: null)));
            }

            lastEventId = client.LastEventId;
        }

        return seen;
    }

    private async Task PublishAsync(TestNode node, int index)
    {
        var pending = new Queue<Task>();
        for (var number = 0; number < events / nodes.Length; number++)
        {
            if (number == Last(events / nodes.Length))
                await _isOver.Task;
            pending.Enqueue(node.Backplane.PublishAsync($"{index}:{number}"));
            while (pending.Count >= (_partPublished.Task.IsCompleted && !_isOver.Task.IsCompleted ? 1 : InFlight))
                await pending.Dequeue();
            if (Interlocked.Increment(ref _published) == events / 4)
                _partPublished.TrySetResult();
        }

        await Task.WhenAll(pending);
    }

    /// <summary>Where the last quarter of so many begins.</summary>
    private static int Last(int count) => count * 3 / 4;
}
