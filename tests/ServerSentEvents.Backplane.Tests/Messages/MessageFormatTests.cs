using System.Net.ServerSentEvents;
using ServerSentEvents.Backplane.Internal.Messages;

namespace ServerSentEvents.Backplane.Tests.Messages;

/// <summary>Tests the bytes of a message, which nodes of every later release must be able to read.</summary>
public sealed class MessageFormatTests
{
    private const long SentAt = 1_767_225_600_000_250;

    /// <summary>The finalizer of SplitMix64 over the node and the sequence of the id, computed by another program.</summary>
    private const uint ExpectedCheck = 0xD589337F;

    private static readonly MessageId Id = new(0x0102030405060708, 42);

    private static readonly byte[] Marker = Convert.FromHexString("0200" + "0102030405060708" + "000000000000002A" + "00064748462040FA");

    private static readonly byte[] Items = Convert.FromHexString(
        "0201" + "0102030405060708" + "000000000000002A" + "00064748462040FA"
        + "00000040" // The first event has all fields.
        + "01000000046E657773" + "010000000573706F7274" + "02000000096120E2809320620A63" + "03000000057072696365"
        + "04000000036F776E" + "05000000080000000001C9C380"
        + "0000000E" // The second event has no data.
        + "01000000046E657773" + "0200000000"
        + "00000008" // The third item is a disconnect.
        + "0600000003416E6E");

    private static readonly byte[] Encoded = ItemFormat.EncodeEvent(
        new SseItem<string>("a – b\nc", "price") { EventId = "own", ReconnectionInterval = TimeSpan.FromSeconds(3) }, ["news", "sport"]);

    [Fact]
    public void Encode_EventsAndDisconnect_HasTheGoldenBytes()
    {
        var body = MessageFormat.Encode(
            Encoded, ItemFormat.EncodeEvent(new SseItem<string>(""), "news"), ItemFormat.EncodeDisconnect("Ann"));
        MessageFormat.Stamp(body, Id, SentAt, isRetransmission: true);

        Convert.ToHexString(body).Should().Be(Convert.ToHexString(Items));
    }

    [Fact]
    public void Encode_Marker_HasTheGoldenBytes()
    {
        var body = MessageFormat.Encode();
        MessageFormat.Stamp(body, Id, SentAt, isRetransmission: true);
        MessageFormat.Stamp(body, Id, SentAt, isRetransmission: false);

        Convert.ToHexString(body).Should().Be(Convert.ToHexString(Marker));
    }

    [Fact]
    public void Decode_GoldenBytes_IsTheMessage()
    {
        MessageFormat.Decode(Items, out var message).Should().Be(DecodeResult.Decoded);

        (message.Id, message.SentAt, message.IsRetransmission).Should().Be((Id, SentAt, true));
        message.Items.Should().HaveCount(3);
        message.Items[0].Event.Should().Be(
            new SseItem<string>("a – b\nc", "price") { EventId = "own", ReconnectionInterval = TimeSpan.FromSeconds(3) });
        message.Items[0].Channels.Should().Equal("news", "sport");
        message.Items[1].Event.Should().Be(new SseItem<string>(""));
        message.Items[1].Channels.Should().Equal("news");
        (message.Items[2].Event, message.Items[2].DisconnectKey).Should().Be((null, "Ann"));
    }

    [Fact]
    public void Decode_GoldenMarker_HasNoItems()
    {
        MessageFormat.Decode(Marker, out var message).Should().Be(DecodeResult.Decoded);

        (message.Id, message.SentAt, message.IsRetransmission).Should().Be((Id, SentAt, false));
        message.Items.Should().BeEmpty();
    }

    [Fact]
    public void Decode_Truncated_IsDamagedOrHasFewerItems()
    {
        // A message can end after each item.
        int[] whole = [26, 26 + 4 + 64, 26 + 4 + 64 + 4 + 14];
        for (var length = 0; length < Items.Length; length++)
        {
            var result = MessageFormat.Decode(Items.AsSpan(0, length), out _);

            result.Should().Be(whole.Contains(length) ? DecodeResult.Decoded : DecodeResult.Damaged, "{0} bytes are left", length);
        }
    }

    [Fact]
    public void Decode_RandomBytesChanged_NeverThrows()
    {
        var random = new Random(1);
        var results = new HashSet<DecodeResult>();
        for (var round = 0; round < 10_000; round++)
        {
            byte[] body = [.. Items];
            for (var changes = random.Next(1, 5); changes > 0; changes--)
                body[random.Next(body.Length)] = (byte)random.Next(256);
            results.Add(MessageFormat.Decode(body, out _));
        }

        results.Should().BeEquivalentTo([DecodeResult.Decoded, DecodeResult.Damaged, DecodeResult.UnknownVersion]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Decode_OtherVersion_IsUnknown(byte version)
    {
        MessageFormat.Decode([version, 1, 2, 3], out _).Should().Be(DecodeResult.UnknownVersion);
    }

    [Fact]
    public void Decode_UnknownFlags_AreIgnored()
    {
        byte[] body = [.. Items];
        body[1] = 0xfe;

        MessageFormat.Decode(body, out var message).Should().Be(DecodeResult.Decoded);

        message.IsRetransmission.Should().BeFalse();
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0 })] // The length is cut off.
    [InlineData(new byte[] { 0, 0, 0, 20, 1 })]
    [InlineData(new byte[] { 0xff, 0xff, 0xff, 0xff, 1 })]
    public void Decode_ItemLongerThanTheMessage_IsDamaged(byte[] rest)
    {
        MessageFormat.Decode([.. Items, .. rest], out _).Should().Be(DecodeResult.Damaged);
    }

    [Theory]
    [InlineData(1000, DecodeResult.Decoded)]
    [InlineData(1001, DecodeResult.Damaged)]
    internal void Decode_MoreItemsThanPositions_IsDamaged(int count, DecodeResult expected)
    {
        var body = MessageFormat.Encode([.. Enumerable.Repeat(Encoded, count)]);

        MessageFormat.Decode(body, out _).Should().Be(expected);
    }

    [Fact]
    public void Check_OfAnId_IsTheSameInEveryRelease()
    {
        Id.Check.Should().Be(ExpectedCheck);
        new MessageId(Id.Node, 43).Check.Should().NotBe(ExpectedCheck);
        Enumerable.Range(0, 10_000).Select(sequence => new MessageId(7, (ulong)sequence).Check).Should().NotContain(0);
    }
}
