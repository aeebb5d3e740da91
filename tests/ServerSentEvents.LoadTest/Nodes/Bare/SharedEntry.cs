using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Threading.Channels;

namespace ServerSentEvents.LoadTest.Nodes.Bare;

/// <summary>An entry of several events, with the limits of the backplane's messages. Each event follows its length.</summary>
internal static class SharedEntry
{
    internal const string Field = "m";

    private const int MostEvents = 1000;
    private const int LargestEntry = 64 << 10;

    /// <summary>Takes at least one waiting event, and returns the events as an entry.</summary>
    /// <param name="buffer">A buffer that the caller reuses.</param>
    /// <param name="events">The events.</param>
    /// <param name="count">The number of events in the entry.</param>
    internal static byte[] Encode(ArrayBufferWriter<byte> buffer, ChannelReader<string> events, out int count)
    {
        buffer.ResetWrittenCount();
        buffer.GetSpan(Overhead.OfMessage);
        buffer.Advance(Overhead.OfMessage);
        for (count = 0; count < MostEvents && events.TryPeek(out var data); count++)
        {
            var length = Overhead.OfEvent + data.Length;
            if (count > 0 && buffer.WrittenCount + length > LargestEntry)
                break;
            var bytes = buffer.GetSpan(length);
            BinaryPrimitives.WriteInt32BigEndian(bytes, data.Length);
            Encoding.UTF8.GetBytes(data, bytes[Overhead.OfEvent..]);
            buffer.Advance(length);
            events.TryRead(out _);
        }

        return buffer.WrittenSpan.ToArray();
    }

    internal static void Receive(ReadOnlySpan<byte> entry, Inbox inbox)
    {
        for (var rest = entry[Overhead.OfMessage..]; !rest.IsEmpty;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(rest);
            inbox.Receive(rest.Slice(Overhead.OfEvent, length));
            rest = rest[(Overhead.OfEvent + length)..];
        }
    }
}
