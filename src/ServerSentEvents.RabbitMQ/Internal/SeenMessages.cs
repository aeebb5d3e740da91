namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// Which messages have been read, so that one that is sent again is delivered once. A node numbers what it sends, and never
/// has a message unconfirmed that is <see cref="Window"/> or more behind its newest: so much of each node is all that has to
/// be known.
/// </summary>
/// <remarks>Not safe for use by several threads: it is the reader's alone.</remarks>
internal sealed class SeenMessages(int capacity)
{
    /// <summary>How far apart the oldest unconfirmed message of a node and its newest can be.</summary>
    internal const int Window = 64;

    /// <summary>Nodes by their number. A node that starts again is another one.</summary>
    private readonly Dictionary<ulong, NodeWindow> _nodes = [];

    private long _clock;

    internal bool Knows(ulong node) => _nodes.ContainsKey(node);

    /// <summary>Takes note of a message, and returns false if it has been read before.</summary>
    internal bool Add(MessageId id)
    {
        if (!_nodes.TryGetValue(id.Node, out var window))
        {
            if (_nodes.Count >= capacity)
                _nodes.Remove(_nodes.MinBy(node => node.Value.UsedAt).Key);
            _nodes.Add(id.Node, window = new NodeWindow(id.Sequence));
        }

        window.UsedAt = ++_clock;
        return window.Add(id.Sequence);
    }

    /// <summary>
    /// A bit for each of a node's last messages. What came before the first that was met counts as seen: it stands further
    /// back in the stream than this reader began, and what is met of it now is that message sent again.
    /// </summary>
    private sealed class NodeWindow(ulong first)
    {
        private ulong _highest = first - 1;

        /// <summary>The lowest bit stands for the highest message.</summary>
        private ulong _bits;

        internal long UsedAt { get; set; }

        internal bool Add(ulong sequence)
        {
            if (sequence < first || sequence + Window <= _highest)
                return false;
            if (sequence > _highest)
            {
                var step = sequence - _highest;
                _bits = step < Window ? _bits << (int)step : 0;
                _highest = sequence;
            }

            var bit = 1UL << (int)(_highest - sequence);
            if ((_bits & bit) != 0)
                return false;
            _bits |= bit;
            return true;
        }
    }
}
