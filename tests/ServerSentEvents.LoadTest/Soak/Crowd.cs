using System.Collections.Concurrent;

namespace ServerSentEvents.LoadTest.Soak;

/// <summary>All clients of a phase, and what they share.</summary>
internal sealed class Crowd : IDisposable
{
    /// <summary>The part of the connections that is cut every second.</summary>
    private const double CutPart = 1.0 / 75;

    private readonly CancellationTokenSource _closing = new();
    private readonly CancellationTokenSource _leaving = new();
    private readonly ConcurrentDictionary<Sequence, int> _open = new();
    private readonly TaskCompletionSource _allHaveCome = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The clients whose first stream has not begun.</summary>
    private readonly ConcurrentDictionary<int, bool> _expected;

    private readonly IReadOnlyList<SoakNode> _nodes;
    private readonly Connections _connections;

    internal Crowd(SoakPhase phase, IReadOnlyList<SoakNode> nodes, EventFeed feed, Sampler sampler, Findings findings, int clients)
    {
        (Setup, _nodes, Feed, Sampler, Findings) = (phase.Setup, nodes, feed, sampler, findings);
        _expected = new(Enumerable.Range(0, clients).Select(number => KeyValuePair.Create(number, true)));
        _connections = new Connections(phase.Setup);
    }

    internal Setup Setup { get; }

    internal EventFeed Feed { get; }

    internal Sampler Sampler { get; }

    internal Findings Findings { get; }

    internal HttpClient Http => _connections.Http;

    /// <summary>The time within which the clients come at the start.</summary>
    internal required TimeSpan RampUp { get; init; }

    /// <summary>The time of the sampler at which the phase closes. A phase closes later if clients come late.</summary>
    internal TimeSpan End { get; set; } = TimeSpan.MaxValue;

    internal TimeSpan Remaining => Closing.IsCancellationRequested ? TimeSpan.Zero : End - Sampler.Elapsed;

    /// <summary>A task that completes when the first stream of each client has begun.</summary>
    internal Task AllHaveCome => _allHaveCome.Task;

    /// <summary>Canceled when the phase closes: no client comes or leaves, except for those that resume.</summary>
    internal CancellationToken Closing => _closing.Token;

    /// <summary>Canceled when all clients leave.</summary>
    internal CancellationToken Leaving => _leaving.Token;

    internal SoakNode AnyNode(Random random) => _nodes[random.Next(_nodes.Count)];

    /// <summary>Adds a sequence that must be complete at the end of the phase, unless it is closed before.</summary>
    internal Sequence Open(ClientKind kind, int client, int channel)
    {
        var sequence = new Sequence(kind, client, channel, Feed, Findings);
        _open[sequence] = channel;
        return sequence;
    }

    /// <summary>Notes that a stream of a client has begun.</summary>
    internal void Come(int client)
    {
        if (_expected.TryRemove(client, out _) && _expected.IsEmpty)
            _allHaveCome.TrySetResult();
    }

    internal void Close(Sequence sequence) => _open.TryRemove(sequence, out _);

    /// <summary>Starts the clients. Returns the task of the non-readers, and the task of all other clients.</summary>
    internal (Task NonReaders, Task Readers) Start(int seed)
    {
        var nonReaders = new List<Task>();
        var readers = new List<Task>();
        foreach (var number in _expected.Keys.Order())
        {
            var random = new Random(unchecked((seed * 31) + number));
            var kind = ClientKinds.Choose(random);
            var channel = kind.TakesLargeEvents()
                ? random.Next(Feed.LargeChannels)
                : random.Next(Feed.LargeChannels, Feed.Channels);
            if (kind == ClientKind.NonReading)
                nonReaders.Add(new NonReader(number, channel, random, this).RunAsync());
            else
                readers.Add(new EventReader(kind, number, channel, random, this).RunAsync());
        }

        readers.Add(CutAsync(new Random(seed)));
        return (Task.WhenAll(nonReaders), Task.WhenAll(readers));
    }

    internal Task CloseAsync() => _closing.CancelAsync();

    internal Task LeaveAsync() => _leaving.CancelAsync();

    /// <summary>Returns the clients that have not received the last event of their channel.</summary>
    internal IReadOnlyList<(Sequence Sequence, int Last)> Incomplete() =>
        [.. _open.Select(open => (open.Key, Feed.LatestOf(open.Value))).Where(open => !open.Key.IsComplete(open.Item2))];

    public void Dispose()
    {
        _connections.Dispose();
        _closing.Dispose();
        _leaving.Dispose();
    }

    private async Task CutAsync(Random random)
    {
        // A short run has few connections, and cuts at least one.
        for (var due = 1.0; !Closing.IsCancellationRequested; due += _connections.Count * CutPart)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), Closing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var cut = _connections.Cut((int)due, random);
            Findings.CountCuts(cut);
            due -= cut;
        }
    }
}
