using System.Net.ServerSentEvents;
using System.Text;

namespace ServerSentEvents.Tests.WireFormat;

/// <summary>Statement 15, against the BCL's parser: a client gets what was published, however the stream is cut.</summary>
public sealed class RoundTripTests
{
    [Fact]
    public async Task Statement15_ShortStream_SameItemsForEveryPairOfCuts()
    {
        SseItem<string>[] items =
        [
            new("\r\n a\r\r\n\U0001F600\u00E9:\n", "t\u00FD pe")
            {
                EventId = "\uFEFF1",
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
                Parsing.Cut(bytes, [first, second]).Should().Equal(received, "the cuts are at {0} and {1}", first, second);
        }
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public async Task Statement15_AnyItems_SameItemsWholeAndByteByByte(int seed)
    {
        var items = new RandomItems(seed).Any(300).ToList();
        var bytes = Wire.StrictUtf8.GetBytes(await Wire.StreamOf(items));

        Parsing.Cut(bytes, []).Should().Equal(items.Select(AsReceived));
        Parsing.Cut(bytes, [.. Enumerable.Range(1, bytes.Length - 1)]).Should().Equal(items.Select(AsReceived));
    }

    /// <summary>A client knows one line end, LF, and gets U+FFFD where the encoder found half a character.</summary>
    private static ReceivedEvent AsReceived(SseItem<string> item) => new(
        Encoded(item.Data).Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n'),
        Encoded(item.EventType),
        item.EventId is { } id ? Encoded(id) : null,
        item.ReconnectionInterval);

    private static string Encoded(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
}
