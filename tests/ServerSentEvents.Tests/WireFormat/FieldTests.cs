using System.Globalization;
using System.Net.ServerSentEvents;

namespace ServerSentEvents.Tests.WireFormat;

/// <summary>Tests the fields of an event, and comments.</summary>
public sealed class FieldTests
{
    [Theory]
    [Trait("Statement", "8")]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("message")]
    public async Task Publish_DefaultType_WritesNoEventLine(string? type) =>
        (await Wire.TextOf(new SseItem<string>("x", type))).Should().Be("data: x\n\n");

    [Theory]
    [Trait("Statement", "8")]
    [InlineData("Message")]
    [InlineData("messages")]
    [InlineData("open")]
    [InlineData("error")]
    [InlineData("data: a")]
    [InlineData(" ")]
    public async Task Publish_OtherType_WritesItUnchanged(string type) =>
        (await Wire.TextOf(new SseItem<string>("x", type))).Should().Be($"event: {type}\ndata: x\n\n");

    [Fact]
    [Trait("Statement", "9")]
    public async Task Publish_EmptyId_WritesAnEmptyIdLine() =>
        (await Wire.TextOf(new SseItem<string>("x") { EventId = "" })).Should().Be("data: x\nid: \n\n");

    [Fact]
    [Trait("Statement", "9")]
    public async Task Publish_NullId_WritesNoIdLine() =>
        (await Wire.TextOf(new SseItem<string>("x") { EventId = null })).Should().Be("data: x\n\n");

    public static TheoryData<TimeSpan, string> ReconnectionIntervals => new()
    {
        { TimeSpan.Zero, "0" },
        { TimeSpan.FromTicks(1), "1" },
        { TimeSpan.FromTicks(TimeSpan.TicksPerMillisecond - 1), "1" },
        { TimeSpan.FromTicks(TimeSpan.TicksPerMillisecond), "1" },
        { TimeSpan.FromTicks((2 * TimeSpan.TicksPerMillisecond) - 1), "1" },
        { TimeSpan.FromTicks(2_500 * TimeSpan.TicksPerMillisecond), "2500" },
        { TimeSpan.FromTicks((int.MaxValue - 1L) * TimeSpan.TicksPerMillisecond), "2147483646" },
        { TimeSpan.FromTicks(int.MaxValue * TimeSpan.TicksPerMillisecond), "2147483647" },
        { TimeSpan.FromTicks((int.MaxValue + 1L) * TimeSpan.TicksPerMillisecond), "2147483647" },
        { TimeSpan.MaxValue, "2147483647" },
    };

    [Theory]
    [Trait("Statement", "10")]
    [MemberData(nameof(ReconnectionIntervals))]
    public async Task Publish_ReconnectionInterval_WritesWholeMillisecondsInRange(TimeSpan interval, string digits) =>
        (await Wire.TextOf(new SseItem<string>("x") { ReconnectionInterval = interval }))
            .Should().Be($"data: x\nretry: {digits}\n\n");

    [Fact]
    [Trait("Statement", "10")]
    public async Task Publish_CultureWithOtherDigitsAndSeparators_WritesAsciiDigits()
    {
        var culture = (CultureInfo)CultureInfo.GetCultureInfo("fa-IR").Clone();
        culture.NumberFormat.DigitSubstitution = DigitShapes.NativeNational;
        culture.NumberFormat.NegativeSign = culture.NumberFormat.PositiveSign = "\r\n";
        culture.NumberFormat.NumberGroupSeparator = culture.NumberFormat.NumberDecimalSeparator = "\n\n";
        var item = new SseItem<string>("x") { ReconnectionInterval = TimeSpan.FromMilliseconds(1_234_567.8) };

        var before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = culture;
            (await Wire.TextOf(item)).Should().Be("data: x\nretry: 1234567\n\n");
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Theory]
    [Trait("Statement", "11")]
    [InlineData("", ": \n")]
    [InlineData("a", ": a\n")]
    [InlineData("a\nb", ": a\n: b\n")]
    [InlineData("a\r\nb\n", ": a\n: b\n: \n")]
    [InlineData("x\rdata: injected", ": x\n: data: injected\n")]
    [InlineData("x\r\rdata: injected\r\r", ": x\n: \n: data: injected\n: \n: \n")]
    [InlineData("x\n\ndata: injected\n\n", ": x\n: \n: data: injected\n: \n: \n")]
    public async Task PublishComment_AnyLines_WritesEachLineAsAComment(string comment, string text)
    {
        (await Wire.TextOfComment(comment)).Should().Be(text);
        Parsing.Whole(text + "\n").Should().BeEmpty();
    }

    [Fact]
    [Trait("Statement", "12")]
    public async Task Publish_AllFields_WritesThemInOneOrder()
    {
        var first = new SseItem<string>("a\nb", "type") { EventId = "id", ReconnectionInterval = TimeSpan.FromSeconds(1) };
        var second = new SseItem<string>("a\nb", "type") { ReconnectionInterval = TimeSpan.FromSeconds(1), EventId = "id" };

        (await Wire.TextOf(first)).Should().Be("event: type\ndata: a\ndata: b\nid: id\nretry: 1000\n\n");
        (await Wire.TextOf(second)).Should().Be(await Wire.TextOf(first));
    }

    [Theory]
    [Trait("Statement", "12")]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Publish_WellFormedItems_WritesTheSameBytesAsTheBcl(int seed)
    {
        foreach (var item in new RandomItems(seed).WellFormed(200))
            Wire.StrictUtf8.GetBytes(await Wire.TextOf(item)).Should().Equal(await Wire.BytesByBcl(item));
    }
}
