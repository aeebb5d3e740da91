using System.Diagnostics;
using Xunit.Abstractions;

namespace ServerSentEvents.Backplane.Contract;

/// <summary>Many clients that move between the nodes at random, while events are published on all of them.</summary>
public sealed class SwitchingClients(TestNode[] nodes, int clients, int events, ITestOutputHelper output)
{
    private const int InFlight = 100;
    private const int LongestStay = 500;

    /// <summary>The time between two events of a node, so that the third quarter lasts until the disturbance is over.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);

    private readonly CountdownEvent _connected = new(clients);
    private readonly TaskCompletionSource _allConnected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _partPublished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _disturbanceEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _published;
    private int _switches;

    /// <summary>
    /// Asserts that every client gets every event once and in order. The disturbance starts when a quarter is published. Until
    /// it is over, each node publishes one event after the other, and from its half on at a pace. The last quarter comes after it.
    /// </summary>
    public async Task RunAsync(string name, Func<Task>? disturb = null)
    {
        var reading = Enumerable.Range(0, clients).Select(seed => Task.Run(() => ReadAsync(new Random(seed)))).ToList();
        await _allConnected.Task.WithinPatience();
        var stopwatch = Stopwatch.StartNew();
        var publishing = nodes.Select((node, index) => PublishAsync(node, index)).ToList();
        await _partPublished.Task.WithinPatience();
        if (disturb is not null)
            await disturb();
        var publishedBefore = Volatile.Read(ref _published);
        _disturbanceEnded.SetResult();
        await Task.WhenAll(publishing).WithinPatience();
        var published = stopwatch.Elapsed;
        var seen = await Task.WhenAll(reading).WithinPatience();

        output.WriteLine(
            $"{name}: {events} events to {clients} clients on {nodes.Length} nodes, published in {published.TotalSeconds:F1} s, "
            + $"read in {stopwatch.Elapsed.TotalSeconds:F1} s, {_switches} switches, {publishedBefore} published when it was over");
        publishedBefore.Should().BeLessThan(Last(events), "all nodes published during the disturbance");
        for (var index = 0; index < nodes.Length; index++)
            seen[0].Where(data => data.Node == index).Select(data => data.Number).Should().Equal(Enumerable.Range(0, events / nodes.Length));
        foreach (var each in seen)
            each.SequenceEqual(seen[0]).Should().BeTrue("all clients get every event once, in one order");
    }

    private async Task<List<(int Node, int Number)>> ReadAsync(Random random)
    {
        var seen = new List<(int, int)>(events);
        string? lastEventId = null;
        while (seen.Count < events)
        {
            await using var client = nodes[random.Next(nodes.Length)].Connect(lastEventId);
            Interlocked.Increment(ref _switches);
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
        using var pace = new PeriodicTimer(Pace);
        var pending = new Queue<Task>();
        for (var number = 0; number < events / nodes.Length; number++)
        {
            if (number == Last(events / nodes.Length))
                await _disturbanceEnded.Task;
            pending.Enqueue(node.Backplane.PublishAsync($"{index}:{number}").AsTask());
            var isDisturbed = _partPublished.Task.IsCompleted && !_disturbanceEnded.Task.IsCompleted;
            while (pending.Count >= (isDisturbed ? 1 : InFlight))
                await pending.Dequeue();
            if (isDisturbed && number >= events / nodes.Length / 2)
                await pace.WaitForNextTickAsync();
            if (Interlocked.Increment(ref _published) == events / 4)
                _partPublished.TrySetResult();
        }

        await Task.WhenAll(pending);
    }

    /// <summary>Returns the number at which the last quarter starts.</summary>
    private static int Last(int count) => count * 3 / 4;
}
