using System.Net.ServerSentEvents;
using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests;

/// <summary>The messages of each version, byte for byte, as nodes of every later release have to read them.</summary>
public sealed class MessageFormatTests
{
    private const long SentAt = 1_767_225_600_000_000;

    private static readonly MessageId Id = new(0x0102030405060708, 42);
    private static readonly SseItem<string> Item = new("a – b\nc", "price")
    {
        EventId = "own",
        ReconnectionInterval = TimeSpan.FromSeconds(3),
    };

    public static TheoryData<string> Golden => new("version-1-event", "version-1-marker");

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
        message.IsSentAgain.Should().Be(name == "version-1-event");
        message.Item.Should().Be(name == "version-1-event" ? Item : null);
        if (message.Item is not null)
            message.Channels.Should().Equal("news", "sport");
    }

    [Fact]
    public void TryDecode_AnyBitFlippedOrCutOff_IsNotDecoded()
    {
        var body = Convert.FromHexString(ReadGolden("version-1-event"));
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
        byte[] body = [.. MessageFormat.EncodeEvent(Item, "news", SentAt), 200, 0, 0, 0, 3, 1, 2, 3];
        MessageFormat.Stamp(body, Id, epoch: 7, isSentAgain: false);

        MessageFormat.TryDecode(body, out var message).Should().Be(DecodeResult.Decoded);

        message.Item.Should().Be(Item);
    }

    [Fact]
    public void TryDecode_LaterVersion_IsKnownAsSuch()
    {
        byte[] body = [2, 1, 2, 3];

        MessageFormat.TryDecode(body, out _).Should().Be(DecodeResult.UnknownVersion);
    }

    [Fact]
    public void TryDecode_FieldsThatNobodyWrites_AreDamaged()
    {
        byte[][] fields =
        [
            [], // no data
            [2, 0, 0, 0, 1, 0xff], // not UTF-8
            [2, 0xff, 0xff, 0xff, 0xff], // longer than there is
            [2, 0, 0, 0, 0, 1, 0, 0, 0, 0], // a channel without a name
            [2, 0, 0, 0, 0, 4, 0, 0, 0, 1, (byte)'\n'], // an id that would forge a field
        ];
        foreach (var field in fields)
        {
            byte[] body = [.. MessageFormat.EncodeMarker(SentAt), .. field];
            body[1] = 0;
            MessageFormat.Stamp(body, Id, epoch: 7, isSentAgain: false);

            MessageFormat.TryDecode(body, out _).Should().Be(DecodeResult.Damaged);
        }
    }

    private static byte[] Encode(string name)
    {
        var isEvent = name == "version-1-event";
        var body = isEvent ? MessageFormat.EncodeEvent(Item, ["news", "sport"], SentAt) : MessageFormat.EncodeMarker(SentAt);
        MessageFormat.Stamp(body, Id, epoch: 7, isSentAgain: isEvent);
        return body;
    }

    private static string ReadGolden(string name) =>
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", name + ".hex")).ReplaceLineEndings("");
}
