using System.Buffers.Binary;

namespace ServerSentEvents.Backplane.Internal.Messages;

/// <summary>
/// The binary form of a message. Numbers are big-endian.
/// <code>
/// offset  bytes
///      0      1  version, 2
///      1      1  flags: 1 for a retransmission
///      2      8  node     } together the id of the message, which a retransmission keeps
///     10      8  sequence }
///     18      8  time of sending, in microseconds since 1970 (UTC)
///     26         up to 1,000 items, each: its length (4 bytes) and its bytes, as <see cref="ItemFormat"/> has them;
///                a message without items is a marker
/// </code>
/// </summary>
/// <remarks>
/// Nodes of two releases run side by side. A node skips items and fields that it does not know, so new ones need no new
/// version. Any other change does: one release learns to read the new version, and the next one writes it. A message of a
/// version that a node does not know is a gap for its clients.
/// </remarks>
internal static class MessageFormat
{
    internal const byte Version = 2;
    internal const int HeaderLength = 26;

    private const int FlagsAt = 1;
    private const int NodeAt = 2;
    private const int SequenceAt = 10;
    private const int SentAtAt = 18;
    private const byte RetransmissionFlag = 1;

    /// <summary>Returns the time in the unit of the format: microseconds since 1970 (UTC).</summary>
    internal static long NowOf(TimeProvider time) =>
        (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    /// <summary>Returns the number of bytes that an item takes in a message.</summary>
    internal static int LengthOf(ReadOnlySpan<byte> item) => sizeof(int) + item.Length;

    /// <summary>Makes a message without the values that <see cref="Stamp"/> adds.</summary>
    internal static byte[] Encode(params ReadOnlySpan<byte[]> items)
    {
        var length = HeaderLength;
        foreach (var item in items)
            length += LengthOf(item);
        var body = new byte[length];
        body[0] = Version;
        var rest = body.AsSpan(HeaderLength);
        foreach (var item in items)
        {
            BinaryPrimitives.WriteInt32BigEndian(rest, item.Length);
            item.CopyTo(rest[sizeof(int)..]);
            rest = rest[LengthOf(item)..];
        }

        return body;
    }

    /// <summary>Adds the values that are known when a message is sent.</summary>
    internal static void Stamp(Span<byte> body, MessageId id, long sentAt, bool isRetransmission)
    {
        body[FlagsAt] = isRetransmission ? RetransmissionFlag : (byte)0;
        BinaryPrimitives.WriteUInt64BigEndian(body[NodeAt..], id.Node);
        BinaryPrimitives.WriteUInt64BigEndian(body[SequenceAt..], id.Sequence);
        BinaryPrimitives.WriteInt64BigEndian(body[SentAtAt..], sentAt);
    }

    /// <summary>Decodes a message. The message is the default value if the result is not <see cref="DecodeResult.Decoded"/>.</summary>
    internal static DecodeResult Decode(ReadOnlySpan<byte> body, out StreamMessage message)
    {
        message = default;
        if (body.Length > 0 && body[0] != Version)
            return DecodeResult.UnknownVersion;
        try
        {
            // Spans check their bounds: a header or an item that is cut off throws.
            var rest = body[HeaderLength..];
            var items = new List<StreamItem>();
            while (rest.Length > 0)
            {
                ArgumentOutOfRangeException.ThrowIfEqual(items.Count, StreamPosition.MaxItems, nameof(body));
                var item = rest.Slice(sizeof(int), BinaryPrimitives.ReadInt32BigEndian(rest));
                items.Add(ItemFormat.Decode(item));
                rest = rest[LengthOf(item)..];
            }

            var id = new MessageId(BinaryPrimitives.ReadUInt64BigEndian(body[NodeAt..]), BinaryPrimitives.ReadUInt64BigEndian(body[SequenceAt..]));
            var sentAt = BinaryPrimitives.ReadInt64BigEndian(body[SentAtAt..]);
            message = new StreamMessage(id, sentAt, (body[FlagsAt] & RetransmissionFlag) != 0, items);
            return DecodeResult.Decoded;
        }
        catch (ArgumentException)
        {
            // No node can have written the bytes.
            return DecodeResult.Damaged;
        }
    }
}

/// <summary>The result of decoding a message.</summary>
internal enum DecodeResult
{
    Decoded,
    UnknownVersion,
    Damaged,
}

/// <summary>The identity of a message. A retransmission keeps it, and no other message has it.</summary>
/// <param name="Node">A random number for one publisher of one process.</param>
/// <param name="Sequence">The number among the messages of this node, from 1.</param>
internal readonly record struct MessageId(ulong Node, ulong Sequence)
{
    /// <summary>
    /// A hash of the identity, which event ids carry. It shows that the message at a position is the one that the client
    /// received. It is never 0.
    /// </summary>
    internal uint Check
    {
        get
        {
            // The finalizer of SplitMix64. All nodes have to compute the same.
            var hash = Node ^ (Sequence * 0x9E3779B97F4A7C15);
            hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9;
            hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EB;
            return (uint)(hash >> 32) | 1;
        }
    }
}

/// <summary>A message as it was read.</summary>
/// <param name="Id">The identity of the message.</param>
/// <param name="SentAt">The time of sending by the sender's clock, in microseconds since 1970.</param>
/// <param name="IsRetransmission">True if the stream may have the message already.</param>
/// <param name="Items">The items, in order. A marker has none.</param>
internal readonly record struct StreamMessage(
    MessageId Id, long SentAt, bool IsRetransmission, IReadOnlyList<StreamItem> Items);
