using System.Net.ServerSentEvents;

namespace ServerSentEvents.Tests.WireFormat;

/// <summary>What a client, the BCL's, makes of a stream that reaches it in pieces.</summary>
internal static class Parsing
{
    internal static List<ReceivedEvent> Whole(string stream) => Cut(Wire.StrictUtf8.GetBytes(stream), []);

    /// <param name="bytes">The stream.</param>
    /// <param name="cuts">Where a chunk ends, and the next one begins, in order.</param>
    internal static List<ReceivedEvent> Cut(byte[] bytes, int[] cuts) =>
        [.. SseParser.Create(new ChunkedStream(bytes, cuts)).Enumerate().Select(ReceivedEvent.Of)];

    /// <summary>Returns one chunk for each read, as a network may.</summary>
    private sealed class ChunkedStream(byte[] bytes, int[] cuts) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count)
        {
            var next = Array.Find(cuts, cut => cut > Position);
            return base.Read(buffer, offset, next == 0 ? count : Math.Min(count, next - (int)Position));
        }
    }
}
