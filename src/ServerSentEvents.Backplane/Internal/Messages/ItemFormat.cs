using System.Buffers.Binary;
using System.Net.ServerSentEvents;
using System.Runtime.InteropServices;
using System.Text;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Backplane.Internal.Messages;

/// <summary>
/// The binary form of an item in a message: fields, each with its tag (1 byte), its length (4 bytes, big-endian) and its bytes.
/// <code>
/// tag
///   1  name of a channel, UTF-8; any number of them
///   2  data, UTF-8
///   3  type, UTF-8; absent for "message"
///   4  id of the application, UTF-8; absent for none
///   5  reconnection interval, 8 bytes, in ticks of 100 ns; absent for none
///   6  key of the subscribers to disconnect, UTF-8
/// </code>
/// An item with data is an event. An item with a key is a disconnect. Any other item is unknown, and has no effect.
/// </summary>
internal static class ItemFormat
{
    private const int FieldHeaderLength = 5;

    private const byte ChannelTag = 1;
    private const byte DataTag = 2;
    private const byte TypeTag = 3;
    private const byte IdTag = 4;
    private const byte ReconnectionTag = 5;
    private const byte DisconnectTag = 6;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="ArgumentException">The name of a channel is not well-formed, and would be another one elsewhere.</exception>
    internal static byte[] EncodeEvent(in SseItem<string> item, in ChannelNames channels)
    {
        var type = string.Equals(item.EventType, SseParser.EventTypeDefault, StringComparison.Ordinal) ? null : item.EventType;
        var length = Length(item.Data) + Length(type) + Length(item.EventId)
            + (item.ReconnectionInterval is null ? 0 : FieldHeaderLength + sizeof(long));
        for (var i = 0; i < channels.Count; i++)
            length += StrictLength(channels[i], nameof(channels));

        var bytes = new byte[length];
        var rest = bytes.AsSpan();
        for (var i = 0; i < channels.Count; i++)
            Write(ref rest, ChannelTag, channels[i]);
        Write(ref rest, DataTag, item.Data);
        Write(ref rest, TypeTag, type);
        Write(ref rest, IdTag, item.EventId);
        if (item.ReconnectionInterval is { } interval)
        {
            BinaryPrimitives.WriteInt64BigEndian(rest[FieldHeaderLength..], interval.Ticks);
            EndField(ref rest, ReconnectionTag, sizeof(long));
        }

        return bytes;
    }

    /// <exception cref="ArgumentException">The key is not well-formed, and would be another one elsewhere.</exception>
    internal static byte[] EncodeDisconnect(string subscriberKey)
    {
        var bytes = new byte[StrictLength(subscriberKey, nameof(subscriberKey))];
        var rest = bytes.AsSpan();
        Write(ref rest, DisconnectTag, subscriberKey);
        return bytes;
    }

    /// <summary>Decodes an item. Skips the fields of later releases.</summary>
    /// <exception cref="ArgumentException">
    /// No node can have written the bytes: a field is cut off or is not UTF-8, a channel has no name, or the event is invalid.
    /// </exception>
    internal static StreamItem Decode(ReadOnlySpan<byte> rest)
    {
        var channels = new List<string>(1);
        string? data = null, type = null, id = null, key = null;
        TimeSpan? interval = null;
        while (rest.Length > 0)
        {
            // A field that is cut off throws here, as does a length that is negative or too large.
            var length = BinaryPrimitives.ReadInt32BigEndian(rest[1..]);
            var value = rest.Slice(FieldHeaderLength, length);
            switch (rest[0])
            {
                case ChannelTag: channels.Add(StrictUtf8.GetString(value)); break;
                case DataTag: data = StrictUtf8.GetString(value); break;
                case TypeTag: type = StrictUtf8.GetString(value); break;
                case IdTag: id = StrictUtf8.GetString(value); break;
                case ReconnectionTag when length == sizeof(long): interval = TimeSpan.FromTicks(BinaryPrimitives.ReadInt64BigEndian(value)); break;
                case DisconnectTag: key = StrictUtf8.GetString(value); break;
                default: break; // A field of a later release.
            }

            rest = rest[(FieldHeaderLength + length)..];
        }

        if (data is null)
            return new StreamItem(Event: null, Channels: default, key);
        var item = new SseItem<string>(data, type) { EventId = id, ReconnectionInterval = interval };
        EventValidator.ThrowIfInvalid(item, nameof(rest));
        return new StreamItem(item, channels is [var only] ? only : ChannelNames.Create(CollectionsMarshal.AsSpan(channels)), DisconnectKey: null);
    }

    private static int Length(string? text) => text is null ? 0 : FieldHeaderLength + Encoding.UTF8.GetByteCount(text);

    private static int StrictLength(string text, string paramName)
    {
        try
        {
            return FieldHeaderLength + StrictUtf8.GetByteCount(text);
        }
        catch (EncoderFallbackException exception)
        {
            throw new ArgumentException("The text has an unpaired surrogate, which UTF-8 cannot encode.", paramName, exception);
        }
    }

    private static void Write(ref Span<byte> rest, byte tag, string? text)
    {
        if (text is not null)
            EndField(ref rest, tag, Encoding.UTF8.GetBytes(text, rest[FieldHeaderLength..]));
    }

    /// <summary>Writes the header of a field whose value is written already, and moves on to the next field.</summary>
    private static void EndField(ref Span<byte> rest, byte tag, int length)
    {
        rest[0] = tag;
        BinaryPrimitives.WriteInt32BigEndian(rest[1..], length);
        rest = rest[(FieldHeaderLength + length)..];
    }
}

/// <summary>An item as it was read: an event, a disconnect, or neither if a later release wrote it.</summary>
/// <param name="Event">The event; null for none.</param>
/// <param name="Channels">The channels of the event.</param>
/// <param name="DisconnectKey">The key of the subscribers to disconnect; null for none.</param>
internal readonly record struct StreamItem(SseItem<string>? Event, ChannelNames Channels, string? DisconnectKey);
