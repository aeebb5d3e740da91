using System.Buffers.Binary;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// The form that messages have in the stream, and nothing else. Numbers are big-endian.
/// <code>
/// offset  bytes
///      0      1  version, 1
///      1      1  flags: 1 sent again, so that the stream may have it already
///      2      8  epoch
///     10      8  node     } together the message's id, the same when it is sent again
///     18      8  sequence }
///     26      8  when it was sent, in microseconds since 1970 (UTC)
///     34      4  CRC-32C of all other bytes
///     38         up to 1,000 events, each: its length (4 bytes), and so many bytes, as <see cref="EventFormat"/> has them;
///                a message without any is a marker
/// </code>
/// How it may change, while nodes of two releases run side by side: what an older node can do without becomes a field of an
/// event with a new tag, and older nodes pass over tags that they do not know. Anything else takes a new version: one release
/// learns to read it and goes on writing the old one, and the next writes it. A node that meets a version unknown to it skips
/// the message.
/// </summary>
internal static class MessageFormat
{
    internal const byte Version = 1;
    internal const int HeaderLength = 38;

    /// <summary>Few enough for their places to fit the last three digits of a position.</summary>
    internal const int MaxEvents = EventPosition.EventsInMessage;

    private const int FlagsAt = 1;
    private const int EpochAt = 2;
    private const int NodeAt = 10;
    private const int SequenceAt = 18;
    private const int SentAtAt = 26;
    private const int ChecksumAt = 34;

    private const byte SentAgainFlag = 1;

    /// <summary>How many bytes of a message an event takes.</summary>
    internal static int LengthOf(ReadOnlySpan<byte> encodedEvent) => sizeof(uint) + encodedEvent.Length;

    /// <summary>A message of encoded events without what <see cref="Stamp"/> adds.</summary>
    internal static byte[] Encode(params ReadOnlySpan<byte[]> events)
    {
        var length = HeaderLength;
        foreach (var each in events)
            length += LengthOf(each);
        var body = new byte[length];
        body[0] = Version;
        var rest = body.AsSpan(HeaderLength);
        foreach (var each in events)
        {
            BinaryPrimitives.WriteInt32BigEndian(rest, each.Length);
            each.CopyTo(rest[sizeof(uint)..]);
            rest = rest[LengthOf(each)..];
        }

        return body;
    }

    /// <summary>Adds what is known only when a message is sent, and the checksum: without it nobody can read the message.</summary>
    internal static void Stamp(Span<byte> body, MessageId id, ulong epoch, long sentAt, bool isSentAgain)
    {
        body[FlagsAt] = isSentAgain ? SentAgainFlag : (byte)0;
        BinaryPrimitives.WriteUInt64BigEndian(body[EpochAt..], epoch);
        BinaryPrimitives.WriteUInt64BigEndian(body[NodeAt..], id.Node);
        BinaryPrimitives.WriteUInt64BigEndian(body[SequenceAt..], id.Sequence);
        BinaryPrimitives.WriteInt64BigEndian(body[SentAtAt..], sentAt);
        BinaryPrimitives.WriteUInt32BigEndian(body[ChecksumAt..], Checksum(body));
    }

    internal static DecodeResult TryDecode(ReadOnlySpan<byte> body, out StreamMessage message)
    {
        message = default;
        if (body.Length > 0 && body[0] > Version)
            return DecodeResult.UnknownVersion;
        if (body.Length < HeaderLength || body[0] != Version
            || BinaryPrimitives.ReadUInt32BigEndian(body[ChecksumAt..]) != Checksum(body)
            || DecodeEvents(body[HeaderLength..]) is not { } events)
        {
            return DecodeResult.Damaged;
        }

        message = new StreamMessage(
            new MessageId(
                BinaryPrimitives.ReadUInt64BigEndian(body[NodeAt..]), BinaryPrimitives.ReadUInt64BigEndian(body[SequenceAt..])),
            BinaryPrimitives.ReadUInt64BigEndian(body[EpochAt..]),
            BinaryPrimitives.ReadInt64BigEndian(body[SentAtAt..]),
            (body[FlagsAt] & SentAgainFlag) != 0,
            events);
        return DecodeResult.Decoded;
    }

    /// <summary>All events, or null where no node has written that.</summary>
    private static List<StreamEvent>? DecodeEvents(ReadOnlySpan<byte> rest)
    {
        var events = new List<StreamEvent>();
        while (rest.Length > 0)
        {
            if (rest.Length < sizeof(uint) || events.Count == MaxEvents)
                return null;
            var length = BinaryPrimitives.ReadUInt32BigEndian(rest);
            if (length > rest.Length - sizeof(uint) || !EventFormat.TryDecode(rest.Slice(sizeof(uint), (int)length), out var decoded))
                return null;
            events.Add(decoded);
            rest = rest[(sizeof(uint) + (int)length)..];
        }

        return events;
    }

    private static uint Checksum(ReadOnlySpan<byte> body) =>
        ~Crc32C.Append(Crc32C.Append(uint.MaxValue, body[..ChecksumAt]), body[HeaderLength..]);
}
