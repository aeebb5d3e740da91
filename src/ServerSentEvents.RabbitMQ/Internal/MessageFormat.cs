using System.Buffers.Binary;
using System.Net.ServerSentEvents;
using System.Runtime.InteropServices;
using System.Text;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// The form that messages have in the stream, and nothing else. Numbers are big-endian.
/// <code>
/// offset  bytes
///      0      1  version, 1
///      1      1  flags: 1 a marker, which has no fields; 2 sent again, so that the stream may have it already
///      2      8  epoch
///     10      8  node     } together the message's id, the same when it is sent again
///     18      8  sequence }
///     26      8  when it was handed to the backplane, in microseconds since 1970 (UTC)
///     34      4  CRC-32C of all other bytes
///     38         fields, each: its tag (1 byte), its length (4 bytes), and so many bytes
///                  1  the name of a channel, UTF-8; any number of these
///                  2  data, UTF-8
///                  3  type, UTF-8; absent for "message"
///                  4  the application's id, UTF-8; absent for none
///                  5  reconnection interval, 8 bytes, in ticks of 100 ns; absent for none
/// </code>
/// How it may change, while nodes of two releases run side by side: what an older node can do without becomes a field with a
/// new tag, and older nodes pass over tags that they do not know. Anything else takes a new version: one release learns to
/// read it and goes on writing the old one, and the next writes it. A node that meets a version unknown to it skips the message.
/// </summary>
internal static class MessageFormat
{
    internal const byte Version = 1;
    internal const int HeaderLength = 38;
    private const int FieldHeaderLength = 5;

    private const int FlagsAt = 1;
    private const int EpochAt = 2;
    private const int NodeAt = 10;
    private const int SequenceAt = 18;
    private const int SentAtAt = 26;
    private const int ChecksumAt = 34;

    private const byte MarkerFlag = 1;
    private const byte SentAgainFlag = 2;

    private const byte ChannelTag = 1;
    private const byte DataTag = 2;
    private const byte TypeTag = 3;
    private const byte IdTag = 4;
    private const byte ReconnectionTag = 5;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>An event without what <see cref="Stamp"/> adds.</summary>
    internal static byte[] EncodeEvent(in SseItem<string> item, in ChannelNames channels, long sentAt)
    {
        var type = string.Equals(item.EventType, SseParser.EventTypeDefault, StringComparison.Ordinal) ? null : item.EventType;
        var length = HeaderLength + Length(item.Data) + Length(type) + Length(item.EventId)
            + (item.ReconnectionInterval is null ? 0 : FieldHeaderLength + sizeof(long));
        for (var i = 0; i < channels.Count; i++)
            length += Length(channels[i]);

        var body = NewBody(length, flags: 0, sentAt);
        var rest = body.AsSpan(HeaderLength);
        for (var i = 0; i < channels.Count; i++)
            Write(ref rest, ChannelTag, channels[i]);
        Write(ref rest, DataTag, item.Data);
        Write(ref rest, TypeTag, type);
        Write(ref rest, IdTag, item.EventId);
        if (item.ReconnectionInterval is { } interval)
            BinaryPrimitives.WriteInt64BigEndian(Begin(ref rest, ReconnectionTag, sizeof(long)), interval.Ticks);
        return body;
    }

    /// <summary>A marker without what <see cref="Stamp"/> adds.</summary>
    internal static byte[] EncodeMarker(long sentAt) => NewBody(HeaderLength, MarkerFlag, sentAt);

    /// <summary>Adds what is known only when a message is sent, and the checksum: without it nobody can read the message.</summary>
    internal static void Stamp(Span<byte> body, MessageId id, ulong epoch, bool isSentAgain)
    {
        if (isSentAgain)
            body[FlagsAt] |= SentAgainFlag;
        BinaryPrimitives.WriteUInt64BigEndian(body[EpochAt..], epoch);
        BinaryPrimitives.WriteUInt64BigEndian(body[NodeAt..], id.Node);
        BinaryPrimitives.WriteUInt64BigEndian(body[SequenceAt..], id.Sequence);
        BinaryPrimitives.WriteUInt32BigEndian(body[ChecksumAt..], Checksum(body));
    }

    internal static DecodeResult TryDecode(ReadOnlySpan<byte> body, out StreamMessage message)
    {
        message = default;
        if (body.Length > 0 && body[0] > Version)
            return DecodeResult.UnknownVersion;
        if (body.Length < HeaderLength || body[0] != Version
            || BinaryPrimitives.ReadUInt32BigEndian(body[ChecksumAt..]) != Checksum(body))
        {
            return DecodeResult.Damaged;
        }

        message = new StreamMessage(
            new MessageId(
                BinaryPrimitives.ReadUInt64BigEndian(body[NodeAt..]), BinaryPrimitives.ReadUInt64BigEndian(body[SequenceAt..])),
            BinaryPrimitives.ReadUInt64BigEndian(body[EpochAt..]),
            BinaryPrimitives.ReadInt64BigEndian(body[SentAtAt..]),
            (body[FlagsAt] & SentAgainFlag) != 0,
            Item: null,
            Channels: default);
        if ((body[FlagsAt] & MarkerFlag) != 0)
            return DecodeResult.Decoded;

        try
        {
            return TryDecodeFields(body[HeaderLength..], ref message) ? DecodeResult.Decoded : DecodeResult.Damaged;
        }
        catch (ArgumentException)
        {
            // Bytes that are not UTF-8, an empty channel name, or what an item does not take: no node has written that.
            return DecodeResult.Damaged;
        }
    }

    private static bool TryDecodeFields(ReadOnlySpan<byte> rest, ref StreamMessage message)
    {
        var channels = new List<string>(1);
        string? data = null, type = null, id = null;
        TimeSpan? interval = null;
        while (rest.Length > 0)
        {
            if (rest.Length < FieldHeaderLength)
                return false;
            var length = BinaryPrimitives.ReadUInt32BigEndian(rest[1..]);
            if (length > rest.Length - FieldHeaderLength)
                return false;
            var value = rest.Slice(FieldHeaderLength, (int)length);
            switch (rest[0])
            {
                case ChannelTag: channels.Add(StrictUtf8.GetString(value)); break;
                case DataTag: data = StrictUtf8.GetString(value); break;
                case TypeTag: type = StrictUtf8.GetString(value); break;
                case IdTag: id = StrictUtf8.GetString(value); break;
                case ReconnectionTag when length == sizeof(long):
                    interval = TimeSpan.FromTicks(BinaryPrimitives.ReadInt64BigEndian(value));
                    break;
                default: break; // Of a later release, and nothing that this one needs.
            }

            rest = rest[(FieldHeaderLength + (int)length)..];
        }

        if (data is null)
            return false;
        var item = new SseItem<string>(data, type) { EventId = id, ReconnectionInterval = interval };
        message = message with { Item = item, Channels = channels is [var only] ? only : ChannelNames.Create(CollectionsMarshal.AsSpan(channels)) };
        return true;
    }

    private static byte[] NewBody(int length, byte flags, long sentAt)
    {
        var body = new byte[length];
        body[0] = Version;
        body[FlagsAt] = flags;
        BinaryPrimitives.WriteInt64BigEndian(body.AsSpan(SentAtAt), sentAt);
        return body;
    }

    private static int Length(string? text) => text is null ? 0 : FieldHeaderLength + Encoding.UTF8.GetByteCount(text);

    private static void Write(ref Span<byte> rest, byte tag, string? text)
    {
        if (text is not null)
            Encoding.UTF8.GetBytes(text, Begin(ref rest, tag, Encoding.UTF8.GetByteCount(text)));
    }

    private static Span<byte> Begin(ref Span<byte> rest, byte tag, int length)
    {
        rest[0] = tag;
        BinaryPrimitives.WriteInt32BigEndian(rest[1..], length);
        var value = rest.Slice(FieldHeaderLength, length);
        rest = rest[(FieldHeaderLength + length)..];
        return value;
    }

    private static uint Checksum(ReadOnlySpan<byte> body) =>
        ~Crc32C.Append(Crc32C.Append(uint.MaxValue, body[..ChecksumAt]), body[HeaderLength..]);
}
