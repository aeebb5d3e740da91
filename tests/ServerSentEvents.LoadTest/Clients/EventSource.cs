using System.Diagnostics;

namespace ServerSentEvents.LoadTest.Clients;

/// <summary>
/// Makes a server publish events by POST, in the same way for all servers. There are as many connections as events in flight.
/// Each connection waits for its answer.
/// </summary>
internal sealed class EventSource(int port, int length, Epoll epoll)
{
    private readonly List<PostConnection> _connections = [];

    /// <summary>The idle connections, which have received their answers.</summary>
    private readonly Queue<PostConnection> _idle = new();

    private int _number;

    /// <summary>The number of events that wait for an idle connection.</summary>
    private int _left;

    /// <summary>Posts events as soon as connections are idle. Pipelined events all go to one connection at once.</summary>
    internal void Publish(int count, Scenario scenario)
    {
        Connect(scenario.IsPipelined ? 1 : scenario.InFlight);
        if (scenario.IsPipelined)
        {
            _connections[0].Post(_number, count, Stopwatch.GetTimestamp());
            _number += count;
            return;
        }

        _left += count;
        Post();
    }

    /// <summary>Posts one event at once. Its latency counts from the time when the event was due.</summary>
    internal void PublishDue(long due)
    {
        Connect(1);
        _connections[0].Post(_number++, 1, due);
    }

    internal int Descriptor(int key) => _connections[-key - 1].Descriptor;

    /// <summary>Takes the bytes that came for a key.</summary>
    internal void Receive(int key, ReadOnlySpan<byte> bytes)
    {
        var connection = _connections[-key - 1];
        if (PostConnection.IsAnswer(bytes) && !_idle.Contains(connection))
            _idle.Enqueue(connection);
        Post();
    }

    private void Connect(int count)
    {
        while (_connections.Count < count)
        {
            var connection = new PostConnection(port, length);
            _connections.Add(connection);
            _idle.Enqueue(connection);
            epoll.Watch(connection.Descriptor, -_connections.Count);
        }
    }

    private void Post()
    {
        for (; _left > 0 && _idle.TryDequeue(out var connection); _left--)
            connection.Post(_number++, 1, Stopwatch.GetTimestamp());
    }
}
