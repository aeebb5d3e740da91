using System.Net.ServerSentEvents;
using ServerSentEvents.Backplane.Internal.Messages;

namespace ServerSentEvents.Backplane.Tests.Messages;

/// <summary>Tests the bytes of an item that a message can have, also from later releases and damaged ones.</summary>
public sealed class ItemFormatTests
{
    private static readonly byte[] Data = [2, 0, 0, 0, 1, (byte)'a'];

    [Theory]
    [InlineData(new byte[] { 200, 0, 0, 0, 3, 1, 2, 3 })] // A tag of a later release.
    [InlineData(new byte[] { 5, 0, 0, 0, 1, 7 })] // An interval of another length.
    public void Decode_UnknownField_IsSkipped(byte[] field)
    {
        var item = ItemFormat.Decode([.. field, .. Data]);

        item.Event.Should().Be(new SseItem<string>("a"));
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 99, 0, 0, 0, 1, 7 })]
    [InlineData(new byte[] { 1, 0, 0, 0, 1, (byte)'c' })]
    public void Decode_NeitherDataNorKey_IsAnUnknownItem(byte[] bytes)
    {
        var item = ItemFormat.Decode(bytes);

        (item.Event, item.DisconnectKey).Should().Be((null, null));
    }

    [Theory]
    [InlineData(new byte[] { 2, 0, 0, 0 })] // No whole header.
    [InlineData(new byte[] { 2, 0, 0, 0, 1, 0xff })] // Not UTF-8.
    [InlineData(new byte[] { 2, 0xff, 0xff, 0xff, 0xff })] // Longer than the item.
    [InlineData(new byte[] { 2, 0, 0, 0, 0, 1, 0, 0, 0, 0 })] // A channel without a name.
    [InlineData(new byte[] { 2, 0, 0, 0, 0, 3, 0, 0, 0, 1, (byte)'\n' })] // A type that would forge a field.
    [InlineData(new byte[] { 2, 0, 0, 0, 0, 4, 0, 0, 0, 1, (byte)'\n' })] // An id that would forge a field.
    [InlineData(new byte[] { 2, 0, 0, 0, 0, 4, 0, 0, 0, 2, 0xc3, 0xa9 })] // An id that no client can send back.
    [InlineData(new byte[] { 2, 0, 0, 0, 0, 5, 0, 0, 0, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff })] // Negative.
    public void Decode_BytesThatNoNodeWrites_Throws(byte[] bytes)
    {
        var decode = () => ItemFormat.Decode(bytes);

        decode.Should().Throw<ArgumentException>();
    }

    [Fact]
    public void Decode_ManyChannels_AllocatesInProportion()
    {
        const int channels = 5_000;
        var encoded = ItemFormat.EncodeEvent(
            new SseItem<string>("m"), Enumerable.Range(0, channels).Select(number => $"u{number}").ToArray());
        ItemFormat.Decode(encoded);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var item = ItemFormat.Decode(encoded);

        item.Channels.Count.Should().Be(channels);
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(400 * channels, "a copy for each would take 200 MB");
    }

    [Fact]
    public void Decode_LengthOfGigabytes_AllocatesNothingOfThatSize()
    {
        byte[] bytes = [2, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3];
        Action decode = () => ItemFormat.Decode(bytes);
        Assert.ThrowsAny<ArgumentException>(decode);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.ThrowsAny<ArgumentException>(decode);

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(10_000);
    }

    [Fact]
    public void Encode_UnpairedSurrogate_Throws()
    {
        var encodeEvent = () => ItemFormat.EncodeEvent(new SseItem<string>("a"), "a\ud800");
        var encodeDisconnect = () => ItemFormat.EncodeDisconnect("a\ud800");

        encodeEvent.Should().Throw<ArgumentException>().WithParameterName("channels");
        encodeDisconnect.Should().Throw<ArgumentException>().WithParameterName("subscriberKey");
    }
}
