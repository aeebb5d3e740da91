using System.Net.ServerSentEvents;
using System.Text;

namespace ServerSentEvents.Tests.WireFormat;

/// <summary>Tests that the parser of the BCL receives what was published, in all ways to split the stream into chunks.</summary>
public sealed class RoundTripTests
{
    [Fact]
    [Trait("Statement", "15")]
    public async Task Parse_ShortStreamCutAtAnyTwoPlaces_GivesTheSameItems()
    {
        SseItem<string>[] items =
        [
            new("\r\n a\r\r\n\U0001F600\u00E9:\n", "t\u00FD pe")
            {
                EventId = "~1",
                ReconnectionInterval = TimeSpan.FromMilliseconds(20),
            },
            new("") { EventId = "" },
            new("\n"),
        ];
        var bytes = Wire.StrictUtf8.GetBytes(await Wire.StreamOf(items));

        var received = items.Select(AsReceived).ToList();
        for (var first = 1; first < bytes.Length; first++)
        {
            for (var second = first; second < bytes.Length; second++)
                Parsing.InChunks(bytes, [first, second]).Should().Equal(received, "the cuts are at {0} and {1}", first, second);
        }
    }

    [Theory]
    [Trait("Statement", "15")]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public async Task Parse_RandomItemsWholeAndByteByByte_GivesTheSameItems(int seed)
    {
        var items = new RandomItems(seed).Any(300).ToList();
        var bytes = Wire.StrictUtf8.GetBytes(await Wire.StreamOf(items));

        Parsing.InChunks(bytes, []).Should().Equal(items.Select(AsReceived));
        Parsing.InChunks(bytes, [.. Enumerable.Range(1, bytes.Length - 1)]).Should().Equal(items.Select(AsReceived));
    }

    /// <summary>Returns the event that a client receives: every line end is LF, and a lone surrogate is U+FFFD.</summary>
    private static ReceivedEvent AsReceived(SseItem<string> item) => new(
        Encoded(item.Data).Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n'),
        Encoded(item.EventType),
        item.EventId is { } id ? Encoded(id) : null,
        item.ReconnectionInterval);

    private static string Encoded(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
}
