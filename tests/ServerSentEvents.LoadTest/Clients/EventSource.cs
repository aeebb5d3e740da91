namespace ServerSentEvents.LoadTest.Clients;

/// <summary>
/// Has the server publish events, in the same way for all servers: by posting them, in as many connections as there may be
/// events in flight, each of which waits for its answer.
/// </summary>
internal sealed class EventSource(int port, int length, Epoll epoll)
{
    private readonly List<PostConnection> _connections = [];

    /// <summary>Those that have their answer.</summary>
    private readonly Queue<PostConnection> _idle = new();

    private int _number;

    /// <summary>How many events are still to be posted.</summary>
    private int _left;

    /// <summary>So many more are to be posted, as soon as that may be; pipelined, all in one connection, and at once.</summary>
    internal void Publish(int count, Scenario scenario)
    {
        while (_connections.Count < (scenario.IsPipelined ? 1 : scenario.InFlight))
        {
            var connection = new PostConnection(port, length);
            _connections.Add(connection);
            _idle.Enqueue(connection);
            epoll.Watch(connection.Descriptor, -_connections.Count);
        }

        if (scenario.IsPipelined)
        {
            _connections[0].Post(_number, count);
            _number += count;
            return;
        }

        _left += count;
        Post();
    }

    internal int Descriptor(int key) => _connections[-key - 1].Descriptor;

    /// <summary>Takes what came for a key.</summary>
    internal void Receive(int key, ReadOnlySpan<byte> bytes)
    {
        var connection = _connections[-key - 1];
        if (PostConnection.IsAnswer(bytes) && !_idle.Contains(connection))
            _idle.Enqueue(connection);
        Post();
    }

    private void Post()
    {
        for (; _left > 0 && _idle.TryDequeue(out var connection); _left--)
            connection.Post(_number++, 1);
    }
}
