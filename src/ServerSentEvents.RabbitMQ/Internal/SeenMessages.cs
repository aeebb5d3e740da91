namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// Which messages have been read, so that one that is sent again is delivered once. A node numbers what it sends, and never
/// has a message unconfirmed that is <see cref="Window"/> or more behind its newest: so much of each node is all that has to
/// be known.
/// </summary>
/// <remarks>Not safe for use by several threads: it is the reader's alone.</remarks>
/// <param name="capacity">How many nodes are remembered.</param>
internal sealed class SeenMessages(int capacity)
{
    /// <summary>
    /// How far apart the oldest unconfirmed message of a node and its newest can be: with a word for each node a reader can
    /// tell them all apart. So it also bounds what is on its way.
    /// </summary>
    internal const int Window = 64;

    /// <summary>Nodes by their number. A node that starts again is another one.</summary>
    private readonly Dictionary<ulong, NodeWindow> _nodes = [];

    private long _clock;

    /// <summary>Whether nothing can have come before what has been met.</summary>
    internal bool IsWhole { get; private set; }

    /// <summary>
    /// Forgets all: something may have come that was not met, or it was in another stream.
    /// </summary>
    /// <param name="isWhole">Whether what is met from here on is all that there is.</param>
    internal void BeginAnew(bool isWhole)
    {
        _nodes.Clear();
        IsWhole = isWhole;
    }

    /// <summary>Takes note of a message, and returns what was known of it.</summary>
    internal Sighting Add(MessageId id, bool isSentAgain)
    {
        if (!_nodes.TryGetValue(id.Node, out var window))
        {
            if (_nodes.Count >= capacity)
            {
                _nodes.Remove(_nodes.MinBy(node => node.Value.UsedAt).Key);
                IsWhole = false;
            }

            _nodes.Add(id.Node, window = new NodeWindow(IsWhole ? 1 : id.Sequence, isCertain: IsWhole));
        }

        window.UsedAt = ++_clock;
        return window.Add(id.Sequence, isSentAgain);
    }

    /// <summary>
    /// A bit for each of a node's last messages. A node sends in the order of its numbers, and nothing that an old connection
    /// wrote comes behind what a new one did. So what is below the first message that can be met counts as seen: it stands
    /// further back in the stream, and what is met of it now is that message sent again. And of what was sent again, it is certain that its first time would have been met only above a message that
    /// was met when it was sent for the first time.
    /// </summary>
    private sealed class NodeWindow(ulong first, bool isCertain)
    {
        private ulong _highest = first - 1;

        /// <summary>The lowest bit stands for the highest message.</summary>
        private ulong _bits;

        /// <summary>The first message that was met when it was sent for the first time.</summary>
        private ulong _certainAfter = isCertain ? first : ulong.MaxValue;

        internal long UsedAt { get; set; }

        internal Sighting Add(ulong sequence, bool isSentAgain)
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
            if (!isSentAgain)
                _certainAfter = Math.Min(_certainAfter, sequence);
            return sequence >= _certainAfter ? Sighting.New : Sighting.CannotBeTold;
        }
    }
}
