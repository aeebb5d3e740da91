using System.Net.ServerSentEvents;
using ServerSentEvents.Client.Internal;
using ServerSentEvents.Client.Tests;

namespace ServerSentEvents.Fuzzing.Tests;

/// <summary>The client's parser. The first byte of an input chooses the limit, and the second one the chunks.</summary>
internal sealed class StreamTarget : FuzzTarget
{
    private static readonly int[] Limits = [8, 64, 1 << 20];

    internal override string Name => "Streams";

    internal override byte[][] Tokens => Bytes(
        "data", "data:", "data: ", "event: ", "id: ", "id:", "retry: ", "retry:9", ":", "\n", "\r", "\r\n", "\n\n", "\0", "\uFEFF", "é", "x");

    internal override long MaxAllocation(int length) => (16 * 1024) + (64 * length);

    internal override Action Run(byte[] input)
    {
        if (input.Length < 2)
            return () => { };
        var limit = Limits[input[0] % Limits.Length];
        var chunk = 1 + (input[1] % 64);
        var stream = input[2..];
        var parser = new EventParser(limit, lastEventId: null);
        parser.Reset();
        var events = new List<SseItem<string>>();
        var isTooLarge = false;
        for (var at = 0; at < stream.Length && !isTooLarge;)
        {
            var result = parser.Parse(stream.AsSpan(at, Math.Min(chunk, stream.Length - at)), out var consumed);
            if (result == ParseResult.Event)
                events.Add(parser.Current);
            isTooLarge = result == ParseResult.TooLarge;
            Check(isTooLarge || consumed > 0, "the parser makes no progress");
            at += consumed;
        }

        return () =>
        {
            var expected = new NaiveParser();
            expected.Parse(stream);
            var all = isTooLarge ? expected.Events.Take(events.Count) : expected.Events;
            Check(events.Select(item => $"{item.EventType}|{item.Data}|{item.EventId}").SequenceEqual(all), "the events differ");
            Check(isTooLarge || (parser.LastEventId ?? "") == expected.LastEventId, "the last event id differs");
            Check(EventParser.CanBeSent(parser.ResumeId), "an id cannot be sent");
            Check(!isTooLarge || stream.Length > limit, "a short stream is too large");
            Check(parser.ReconnectionInterval is not { } interval || interval > TimeSpan.Zero, "the interval is not positive");
        };
    }
}
