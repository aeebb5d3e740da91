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
    internal const int Window = 4096;

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
        private readonly ulong[] _bits = new ulong[Window / 64];
        private ulong _highest = first - 1;

        internal long UsedAt { get; set; }

        internal bool Add(ulong sequence)
        {
            if (sequence < first || sequence + Window <= _highest)
                return false;
            if (sequence > _highest)
            {
                Forget(sequence);
                _highest = sequence;
            }

            ref var bits = ref _bits[sequence / 64 % (Window / 64)];
            var bit = 1UL << (int)(sequence % 64);
            if ((bits & bit) != 0)
                return false;
            bits |= bit;
            return true;
        }

        /// <summary>Makes room for those up to a new highest.</summary>
        private void Forget(ulong sequence)
        {
            if (sequence - _highest >= Window)
            {
                Array.Clear(_bits);
                return;
            }

            for (var next = _highest + 1; next <= sequence; next++)
                _bits[next / 64 % (Window / 64)] &= ~(1UL << (int)(next % 64));
        }
    }
}
