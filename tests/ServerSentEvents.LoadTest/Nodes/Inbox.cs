using System.Diagnostics;

namespace ServerSentEvents.LoadTest.Nodes;

/// <summary>The events that one client has received. Checks that the events of each node come once and in order.</summary>
/// <param name="self">The node that the client is connected to.</param>
internal sealed class Inbox(int self)
{
    private readonly Lock _gate = new();

    /// <summary>The number of the next event of each node. Guarded by <see cref="_gate"/>.</summary>
    private readonly Dictionary<int, int> _next = [];

    /// <summary>The latencies of events from other nodes. Guarded by <see cref="_gate"/>.</summary>
    private readonly List<long> _latencies = [];

    /// <summary>The reason why no more events come. Guarded by <see cref="_gate"/>.</summary>
    private Exception? _failure;

    /// <summary>The number of events since the start. Guarded by <see cref="_gate"/>.</summary>
    private long _count;

    /// <summary>The number of events that completes <see cref="_reached"/>. Guarded by <see cref="_gate"/>.</summary>
    private long _awaited = long.MaxValue;

    /// <summary>The wait for events. Guarded by <see cref="_gate"/>.</summary>
    private TaskCompletionSource<long> _reached = New();

    /// <summary>Counts an event, and notes the latency of an event from another node.</summary>
    /// <exception cref="InvalidDataException">The event is not the next event of its node.</exception>
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

    /// <summary>Waits until a number of events have come since the start. Returns the timestamp of the last event.</summary>
    internal Task<long> ReachedAsync(long count)
    {
        lock (_gate)
        {
            _reached = New();
            _awaited = count;
            if (_failure is not null)
                _reached.SetException(_failure);
            else if (_count >= count)
                _reached.SetResult(Stopwatch.GetTimestamp());
            return _reached.Task;
        }
    }

    /// <summary>Fails the task that waits for events, and later tasks.</summary>
    internal void Fail(Exception exception)
    {
        lock (_gate)
        {
            _failure ??= exception;
            _reached.TrySetException(_failure);
        }
    }

    /// <summary>Returns the latencies since the last call, in ticks of the stopwatch.</summary>
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
