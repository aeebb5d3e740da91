using System.Net.ServerSentEvents;

namespace ServerSentEvents.Tests.WireFormat;

/// <summary>Parses a stream with the parser of the BCL, whole or in chunks.</summary>
internal static class Parsing
{
    internal static List<ReceivedEvent> Whole(string stream) => InChunks(Wire.StrictUtf8.GetBytes(stream), []);

    /// <param name="bytes">The stream.</param>
    /// <param name="cuts">The positions at which a chunk ends, in ascending order.</param>
    internal static List<ReceivedEvent> InChunks(byte[] bytes, int[] cuts) =>
        [.. SseParser.Create(new ChunkedStream(bytes, cuts)).Enumerate().Select(ReceivedEvent.Of)];

    /// <summary>A stream that returns one chunk for each read, like a network.</summary>
    private sealed class ChunkedStream(byte[] bytes, int[] cuts) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count)
        {
            var next = Array.Find(cuts, cut => cut > Position);
            return base.Read(buffer, offset, next == 0 ? count : Math.Min(count, next - (int)Position));
        }
    }
}
