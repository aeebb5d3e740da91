using System.Diagnostics;

namespace ServerSentEvents.LoadTest.Nodes;

/// <summary>What one client has received: every event of each node once and in the order of its publishing, or it throws.</summary>
/// <param name="self">The node that the client is connected to.</param>
internal sealed class Inbox(int self)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<int, int> _next = [];
    private readonly List<long> _latencies = [];

    private long _count;
    private long _awaited = long.MaxValue;
    private TaskCompletionSource<long> _reached = New();

    /// <summary>Takes an event, and how long it took if it comes from another node.</summary>
    /// <exception cref="InvalidDataException">Another event should have come.</exception>
    internal void Receive(ReadOnlySpan<byte> data)
    {
        var now = Stopwatch.GetTimestamp();
        var (number, published) = EventData.Read(data);
        var node = NodeNumber.NodeOf(number);
        lock (_gate)
        {
            var expected = _next.GetValueOrDefault(node, NodeNumber.First(node));
            if (number != expected)
                throw new InvalidDataException($"Node {node} published {expected:x}, and {number:x} came.");
            _next[node] = number + 1;
            if (node != self)
                _latencies.Add(now - published);
            if (++_count == _awaited)
                _reached.TrySetResult(now);
        }
    }

    /// <summary>Completes with when there had been so many events, since the beginning.</summary>
    internal Task<long> ReachedAsync(long count)
    {
        lock (_gate)
        {
            _reached = New();
            _awaited = count;
            if (_count >= count)
                _reached.SetResult(Stopwatch.GetTimestamp());
            return _reached.Task;
        }
    }

    /// <summary>Whatever was wrong is wrong for whoever waits.</summary>
    internal void Fail(Exception exception)
    {
        lock (_gate)
            _reached.TrySetException(exception);
    }

    /// <summary>How long events from other nodes took, in ticks of the stopwatch, since this was last asked.</summary>
    internal long[] TakeLatencies()
    {
        lock (_gate)
        {
            var taken = _latencies.ToArray();
            _latencies.Clear();
            return taken;
        }
    }

    private static TaskCompletionSource<long> New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
