using ServerSentEvents.Backplane.Internal.Messages;

namespace ServerSentEvents.Backplane.Internal.Consuming;

/// <summary>
/// The messages that were read, so that a retransmission is delivered once. A node numbers its messages. All its
/// unconfirmed messages are among its last <see cref="Window"/> ones, so a 64-bit mask for each node is enough.
/// </summary>
/// <remarks>Used by one thread at a time.</remarks>
/// <param name="capacity">The number of nodes to remember.</param>
/// <param name="startsAtFirst">True if the next message is the first that the stream ever had.</param>
internal sealed class SeenMessages(int capacity, bool startsAtFirst = false)
{
    /// <summary>The largest distance of a node's oldest unconfirmed message from its newest one, plus 1.</summary>
    internal const int Window = 64;

    /// <summary>The nodes, by number. A process that restarts is another node.</summary>
    private readonly Dictionary<ulong, NodeWindow> _nodes = [];

    private long _clock;

    /// <summary>True if the stream was read from its first message, and no node was forgotten since.</summary>
    private bool _startsAtFirst = startsAtFirst;

    /// <summary>Adds a message, and returns whether it was read before.</summary>
    internal DuplicateCheck Add(MessageId id, bool isRetransmission)
    {
        if (!_nodes.TryGetValue(id.Node, out var window))
        {
            if (_nodes.Count >= capacity)
            {
                _nodes.Remove(_nodes.MinBy(node => node.Value.UsedAt).Key);
                _startsAtFirst = false;
            }

            _nodes.Add(id.Node, window = new NodeWindow(_startsAtFirst ? 1 : id.Sequence, isCertain: _startsAtFirst));
        }

        window.UsedAt = ++_clock;
        return window.Add(id.Sequence, isRetransmission);
    }

    /// <summary>The last <see cref="Window"/> messages of one node, a bit for each.</summary>
    /// <remarks>
    /// A node sends in order, and a lost connection appends nothing after the next one's messages. So a number below the first one
    /// that was read is a retransmission of a message that was read or skipped. A retransmission is new if no message with a higher
    /// number was read, and if one of two things is true: an original with a lower number was read, or the stream was read from its
    /// start. Otherwise, it is uncertain. A broker can break the order while a stream is deleted and created again.
    /// </remarks>
    private sealed class NodeWindow(ulong first, bool isCertain)
    {
        private ulong _highest = first - 1;

        /// <summary>The lowest bit stands for the highest message.</summary>
        private ulong _bits;

        /// <summary>
        /// The number from which a retransmission can be told from a lost original: the lowest original that was read, or 1 if the stream
        /// was read from its start.
        /// </summary>
        private ulong _certainFrom = isCertain ? first : ulong.MaxValue;

        internal long UsedAt { get; set; }

        internal DuplicateCheck Add(ulong sequence, bool isRetransmission)
        {
            if (sequence < first || sequence + Window <= _highest)
                return DuplicateCheck.Duplicate;
            var isOutOfOrder = sequence < _highest;
            if (sequence > _highest)
            {
                var step = sequence - _highest;
                _bits = step < Window ? _bits << (int)step : 0;
                _highest = sequence;
            }

            var bit = 1UL << (int)(_highest - sequence);
            if ((_bits & bit) != 0)
                return DuplicateCheck.Duplicate;
            _bits |= bit;
            if (!isRetransmission)
                _certainFrom = Math.Min(_certainFrom, sequence);
            return sequence >= _certainFrom && !isOutOfOrder ? DuplicateCheck.New : DuplicateCheck.Uncertain;
        }
    }
}

/// <summary>The relation of a message to the messages that were read before.</summary>
internal enum DuplicateCheck
{
    /// <summary>The message is new.</summary>
    New,

    /// <summary>The message was read before, or is before the place where this reader began.</summary>
    Duplicate,

    /// <summary>The message is a retransmission. The original, if any, is before the place where this reader began.</summary>
    Uncertain,
}
