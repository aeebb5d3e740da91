using System.Net.ServerSentEvents;
using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests;

/// <summary>The messages of each version, byte for byte, as nodes of every later release have to read them.</summary>
public sealed class MessageFormatTests
{
    private const long AddedAt = 1_767_225_600_000_000;
    private const long SentAt = AddedAt + 250;

    private static readonly MessageId Id = new(0x0102030405060708, 42);

    private static readonly StreamEvent[] Events =
    [
        new(
            new SseItem<string>("a – b\nc", "price") { EventId = "own", ReconnectionInterval = TimeSpan.FromSeconds(3) },
            ["news", "sport"],
            AddedAt),
        new(new SseItem<string>(""), "news", AddedAt + 7),
    ];

    public static TheoryData<string> Golden => new("version-1-events", "version-1-marker");

    [Theory]
    [MemberData(nameof(Golden))]
    public void Encode_Golden_IsTheSameBytes(string name) =>
        Convert.ToHexString(Encode(name)).Should().Be(ReadGolden(name));

    [Theory]
    [MemberData(nameof(Golden))]
    public void TryDecode_Golden_IsTheSameMessage(string name)
    {
        MessageFormat.TryDecode(Convert.FromHexString(ReadGolden(name)), out var message).Should().Be(DecodeResult.Decoded);

        message.Id.Should().Be(Id);
        message.Epoch.Should().Be(7);
        message.SentAt.Should().Be(SentAt);
        message.IsSentAgain.Should().Be(name == "version-1-events");
        message.Events.Should().HaveCount(name == "version-1-events" ? Events.Length : 0);
        foreach (var (read, written) in message.Events.Zip(Events))
        {
            read.Item.Should().Be(written.Item);
            read.Channels.Should().Equal(written.Channels);
            read.AddedAt.Should().Be(written.AddedAt);
        }
    }

    [Fact]
    public void TryDecode_AnyBitFlippedOrCutOff_IsNotDecoded()
    {
        var body = Convert.FromHexString(ReadGolden("version-1-events"));
        for (var bit = 0; bit < body.Length * 8; bit++)
        {
            body[bit / 8] ^= (byte)(1 << (bit % 8));
            MessageFormat.TryDecode(body, out _).Should().NotBe(DecodeResult.Decoded, "bit {0} is wrong", bit);
            body[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        for (var length = 0; length < body.Length; length++)
            MessageFormat.TryDecode(body.AsSpan(0, length), out _).Should().Be(DecodeResult.Damaged);
    }

    [Fact]
    public void TryDecode_FieldOfALaterRelease_IsPassedOver()
    {
        byte[] later = [.. Encode(Events[0]), 200, 0, 0, 0, 3, 1, 2, 3];

        TryDecode(MessageFormat.Encode(later, Encode(Events[1])), out var message).Should().Be(DecodeResult.Decoded);

        message.Events.Select(each => each.Item).Should().Equal(Events.Select(each => each.Item));
    }

    [Fact]
    public void TryDecode_LaterVersion_IsKnownAsSuch()
    {
        byte[] body = [2, 1, 2, 3];

        MessageFormat.TryDecode(body, out _).Should().Be(DecodeResult.UnknownVersion);
    }

    [Fact]
    public void TryDecode_EventsThatNobodyWrites_AreDamaged()
    {
        byte[] time = [0, 0, 0, 0, 0, 0, 0, 0];
        byte[][] events =
        [
            [], // no time
            time, // no data
            [.. time, 2, 0, 0, 0, 1, 0xff], // not UTF-8
            [.. time, 2, 0xff, 0xff, 0xff, 0xff], // longer than there is
            [.. time, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0], // a channel without a name
            [.. time, 2, 0, 0, 0, 0, 4, 0, 0, 0, 1, (byte)'\n'], // an id that would forge a field
        ];
        foreach (var each in events)
            TryDecode(MessageFormat.Encode(Encode(Events[0]), each), out _).Should().Be(DecodeResult.Damaged);
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0 })] // no length
    [InlineData(new byte[] { 0, 0, 0, 20, 1 })] // longer than there is
    [InlineData(new byte[] { 0xff, 0xff, 0xff, 0xff, 1 })]
    public void TryDecode_LengthsThatNobodyWrites_AreDamaged(byte[] rest)
    {
        byte[] body = [.. MessageFormat.Encode(Encode(Events[0])), .. rest];

        TryDecode(body, out _).Should().Be(DecodeResult.Damaged);
    }

    [Theory]
    [InlineData(1000, true)]
    [InlineData(1001, false)]
    public void TryDecode_AsManyEventsAsPositionsCanTellApartOrMore_IsDamagedBeyond(int count, bool isDecoded)
    {
        var body = MessageFormat.Encode([.. Enumerable.Repeat(Encode(Events[0]), count)]);

        (TryDecode(body, out _) == DecodeResult.Decoded).Should().Be(isDecoded);
    }

    [Fact]
    public void Encode_ChannelThatWouldBeAnotherOneElsewhere_IsRefused()
    {
        var encode = () => EventFormat.Encode(new SseItem<string>("a"), "a\ud800", AddedAt);

        encode.Should().Throw<ArgumentException>().WithParameterName("channels");
    }

    private static DecodeResult TryDecode(byte[] body, out StreamMessage message)
    {
        MessageFormat.Stamp(body, Id, epoch: 7, SentAt, isSentAgain: false);
        return MessageFormat.TryDecode(body, out message);
    }

    private static byte[] Encode(string name)
    {
        var isMarker = name == "version-1-marker";
        var body = isMarker ? MessageFormat.Encode() : MessageFormat.Encode(Array.ConvertAll(Events, Encode));
        MessageFormat.Stamp(body, Id, epoch: 7, SentAt, isSentAgain: !isMarker);
        return body;
    }

    private static byte[] Encode(StreamEvent each) => EventFormat.Encode(each.Item, each.Channels, each.AddedAt);

    private static string ReadGolden(string name) =>
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", name + ".hex")).ReplaceLineEndings("");
}
