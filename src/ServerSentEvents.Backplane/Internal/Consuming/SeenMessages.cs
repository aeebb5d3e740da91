using ServerSentEvents.Backplane.Internal.Messages;

namespace ServerSentEvents.Backplane.Internal.Consuming;

/// <summary>
/// The messages that have been read, so that a retransmission is delivered once. A node numbers its messages, and has no
/// message unconfirmed that is <see cref="Window"/> or more before its newest. So one word for each node is enough.
/// </summary>
/// <remarks>Used by one thread at a time.</remarks>
/// <param name="capacity">The number of nodes to remember.</param>
internal sealed class SeenMessages(int capacity)
{
    /// <summary>The largest distance of a node's oldest unconfirmed message from its newest one, plus 1.</summary>
    internal const int Window = 64;

    /// <summary>The nodes, by number. A process that restarts is another node.</summary>
    private readonly Dictionary<ulong, NodeWindow> _nodes = [];

    private long _clock;

    /// <summary>True if no message was before those that have been read.</summary>
    private bool _isWhole;

    /// <summary>Forgets everything, because messages were missed, or another stream begins.</summary>
    /// <param name="isWhole">True if the next message is the first that the stream ever had.</param>
    internal void Restart(bool isWhole)
    {
        _nodes.Clear();
        _isWhole = isWhole;
    }

    /// <summary>Adds a message, and returns what was known of it.</summary>
    internal Sighting Add(MessageId id, bool isRetransmission)
    {
        if (!_nodes.TryGetValue(id.Node, out var window))
        {
            if (_nodes.Count >= capacity)
            {
                _nodes.Remove(_nodes.MinBy(node => node.Value.UsedAt).Key);
                _isWhole = false;
            }

            _nodes.Add(id.Node, window = new NodeWindow(_isWhole ? 1 : id.Sequence, isCertain: _isWhole));
        }

        window.UsedAt = ++_clock;
        return window.Add(id.Sequence, isRetransmission);
    }

    /// <summary>The last messages of one node, a bit for each.</summary>
    /// <remarks>
    /// A node sends in the order of its numbers, and nothing of an old connection is appended after a message of a new one. So
    /// a message below the first one that was read is a retransmission of one further back. And a retransmission is known to be
    /// new only if a lower message was read that was not a retransmission: the original would have come after that one.
    /// </remarks>
    private sealed class NodeWindow(ulong first, bool isCertain)
    {
        private ulong _highest = first - 1;

        /// <summary>The lowest bit stands for the highest message.</summary>
        private ulong _bits;

        /// <summary>The lowest message that was read and is not a retransmission.</summary>
        private ulong _certainFrom = isCertain ? first : ulong.MaxValue;

        internal long UsedAt { get; set; }

        internal Sighting Add(ulong sequence, bool isRetransmission)
        {
            if (sequence < first || sequence + Window <= _highest)
                return Sighting.Seen;
            if (sequence > _highest)
            {
                var step = sequence - _highest;
                _bits = step < Window ? _bits << (int)step : 0;
                _highest = sequence;
            }

            var bit = 1UL << (int)(_highest - sequence);
            if ((_bits & bit) != 0)
                return Sighting.Seen;
            _bits |= bit;
            if (!isRetransmission)
                _certainFrom = Math.Min(_certainFrom, sequence);
            return sequence >= _certainFrom ? Sighting.New : Sighting.Uncertain;
        }
    }
}

/// <summary>The relation of a message to the messages that were read before.</summary>
internal enum Sighting
{
    /// <summary>The message is new.</summary>
    New,

    /// <summary>The message was read before, or is before the place where this reader began.</summary>
    Seen,

    /// <summary>The message is a retransmission. The original, if any, is before the place where this reader began.</summary>
    Uncertain,
}
