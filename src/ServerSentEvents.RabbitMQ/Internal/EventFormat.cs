using System.Buffers.Binary;
using System.Net.ServerSentEvents;
using System.Runtime.InteropServices;
using System.Text;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>
/// The form that one event has within a message, and nothing else. Numbers are big-endian.
/// <code>
/// offset  bytes
///      0      8  when it was handed to the backplane, in microseconds since 1970 (UTC)
///      8         fields, each: its tag (1 byte), its length (4 bytes), and so many bytes
///                  1  the name of a channel, UTF-8; any number of these
///                  2  data, UTF-8
///                  3  type, UTF-8; absent for "message"
///                  4  the application's id, UTF-8; absent for none
///                  5  reconnection interval, 8 bytes, in ticks of 100 ns; absent for none
/// </code>
/// </summary>
internal static class EventFormat
{
    private const int FieldsAt = sizeof(long);
    private const int FieldHeaderLength = 5;

    private const byte ChannelTag = 1;
    private const byte DataTag = 2;
    private const byte TypeTag = 3;
    private const byte IdTag = 4;
    private const byte ReconnectionTag = 5;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="ArgumentException">The name of a channel is not well-formed: it would be another one elsewhere.</exception>
    internal static byte[] Encode(in SseItem<string> item, in ChannelNames channels, long addedAt)
    {
        var type = string.Equals(item.EventType, SseParser.EventTypeDefault, StringComparison.Ordinal) ? null : item.EventType;
        var length = FieldsAt + Length(item.Data) + Length(type) + Length(item.EventId)
            + (item.ReconnectionInterval is null ? 0 : FieldHeaderLength + sizeof(long));
        try
        {
            for (var i = 0; i < channels.Count; i++)
                length += FieldHeaderLength + StrictUtf8.GetByteCount(channels[i]);
        }
        catch (EncoderFallbackException exception)
        {
            throw new ArgumentException("A channel's name cannot have half of a surrogate pair.", nameof(channels), exception);
        }

        var bytes = new byte[length];
        BinaryPrimitives.WriteInt64BigEndian(bytes, addedAt);
        var rest = bytes.AsSpan(FieldsAt);
        for (var i = 0; i < channels.Count; i++)
            Write(ref rest, ChannelTag, channels[i]);
        Write(ref rest, DataTag, item.Data);
        Write(ref rest, TypeTag, type);
        Write(ref rest, IdTag, item.EventId);
        if (item.ReconnectionInterval is { } interval)
            BinaryPrimitives.WriteInt64BigEndian(Begin(ref rest, ReconnectionTag, sizeof(long)), interval.Ticks);
        return bytes;
    }

    /// <summary>Returns false for what no node has written.</summary>
    internal static bool TryDecode(ReadOnlySpan<byte> bytes, out StreamEvent decoded)
    {
        decoded = default;
        if (bytes.Length < FieldsAt)
            return false;
        try
        {
            return TryDecodeFields(bytes[FieldsAt..], BinaryPrimitives.ReadInt64BigEndian(bytes), out decoded);
        }
        catch (ArgumentException)
        {
            // Bytes that are not UTF-8, an empty channel name, or what an item does not take.
            return false;
        }
    }

    private static bool TryDecodeFields(ReadOnlySpan<byte> rest, long addedAt, out StreamEvent decoded)
    {
        decoded = default;
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
        decoded = new StreamEvent(
            new SseItem<string>(data, type) { EventId = id, ReconnectionInterval = interval },
            channels is [var only] ? only : ChannelNames.Create(CollectionsMarshal.AsSpan(channels)),
            addedAt);
        return true;
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
}
