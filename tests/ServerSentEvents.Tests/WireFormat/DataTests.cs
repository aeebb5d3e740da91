using System.Net.ServerSentEvents;

namespace ServerSentEvents.Tests.WireFormat;

/// <summary>Tests how data is split into lines, and how lines and events end.</summary>
public sealed class DataTests
{
    [Theory]
    [Trait("Statement", "2")]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("\r")]
    [InlineData("\n\n\n")]
    [InlineData("a\r\rb\r\n\r\nc\n\n")]
    public async Task Publish_AnyData_WritesOneBlockOfLinesThatEndWithLineFeed(string data)
    {
        var text = await Wire.TextOf(new SseItem<string>(data, "type") { EventId = "id", ReconnectionInterval = TimeSpan.Zero });

        text.Should().NotContain("\r").And.EndWith("\n\n");
        text[..^2].Should().NotContain("\n\n").And.NotStartWith("\n");
    }

    [Fact]
    [Trait("Statement", "2")]
    public async Task Read_SeveralEvents_GivesOneStringForEach()
    {
        var publisher = new Publisher();
        var subscription = publisher.Subscribe(initialData: ["a\nb"]);
        publisher.Publish("c\n\nd");
        publisher.Close();

        (await subscription.ToArrayAsync()).Should().Equal("data: a\ndata: b\n\n", "data: c\ndata: \ndata: d\n\n");
    }

    [Theory]
    [Trait("Statement", "3")]
    [InlineData("a\nb")]
    [InlineData("a\r\nb")]
    public async Task Publish_LineFeedWithOrWithoutCarriageReturn_SplitsDataOnce(string data) =>
        (await Wire.TextOf(data)).Should().Be("data: a\ndata: b\n\n");

    [Theory]
    [Trait("Statement", "3")]
    [InlineData("a\rb", "data: a\ndata: b\n\n")]
    [InlineData("x\revent: admin", "data: x\ndata: event: admin\n\n")]
    [InlineData("x\rid: 1\rretry: 0", "data: x\ndata: id: 1\ndata: retry: 0\n\n")]
    public async Task Publish_LoneCarriageReturn_SplitsData(string data, string text) =>
        (await Wire.TextOf(data)).Should().Be(text);

    [Theory]
    [Trait("Statement", "3")]
    [InlineData("a\r\rdata: b")]
    [InlineData("a\n\ndata: b")]
    [InlineData("a\n\rdata: b")]
    [InlineData("a\r\n\r\ndata: b")]
    [InlineData("a\r\n\ndata: b")]
    [InlineData("a\r\r\ndata: b")]
    [InlineData("a\n\r\ndata: b")]
    public async Task Publish_TwoLineEnds_WritesAnEmptyDataLineAndNoSecondEvent(string data) =>
        (await Wire.TextOf(data)).Should().Be("data: a\ndata: \ndata: data: b\n\n");

    [Theory]
    [Trait("Statement", "3")]
    [InlineData("a\u2028b")]
    [InlineData("a\u2029b")]
    [InlineData("a\u0085b")]
    [InlineData("a\vb\fc")]
    public async Task Publish_OtherLineSeparators_DoesNotSplitData(string data) =>
        (await Wire.TextOf(data)).Should().Be($"data: {data}\n\n");

    [Theory]
    [Trait("Statement", "4")]
    [InlineData("a\n", "data: a\ndata: \n\n")]
    [InlineData("a\r", "data: a\ndata: \n\n")]
    [InlineData("a\r\n", "data: a\ndata: \n\n")]
    [InlineData("a\n\n", "data: a\ndata: \ndata: \n\n")]
    [InlineData("\na", "data: \ndata: a\n\n")]
    [InlineData("\r\na", "data: \ndata: a\n\n")]
    [InlineData("a\n\n\nb", "data: a\ndata: \ndata: \ndata: b\n\n")]
    [InlineData("\n", "data: \ndata: \n\n")]
    [InlineData("\r\n\r", "data: \ndata: \ndata: \n\n")]
    public async Task Publish_EmptyLines_KeepsThem(string data, string text) =>
        (await Wire.TextOf(data)).Should().Be(text);

    [Fact]
    [Trait("Statement", "5")]
    public async Task Publish_LeadingSpace_KeepsItAfterTheSpaceOfTheField()
    {
        var item = new SseItem<string>(" a\n  b", " type") { EventId = "i d" };

        (await Wire.TextOf(item)).Should().Be("event:  type\ndata:  a\ndata:   b\nid: i d\n\n");
        (await Wire.TextOfComment(" a")).Should().Be(":  a\n");
    }

    [Fact]
    [Trait("Statement", "5")]
    public async Task Parse_LeadingSpace_KeepsIt()
    {
        var item = new SseItem<string>(" a\n  b", " type") { EventId = "i d" };

        Parsing.Whole(await Wire.StreamOf([item])).Should().Equal(ReceivedEvent.Of(item));
    }

    [Fact]
    [Trait("Statement", "6")]
    public async Task Publish_EmptyData_WritesOneEmptyDataLine() =>
        (await Wire.TextOf("")).Should().Be("data: \n\n");

    [Fact]
    [Trait("Statement", "6")]
    public async Task Parse_EmptyData_GivesOneEvent() =>
        Parsing.Whole(await Wire.StreamOf([new SseItem<string>("")])).Should().ContainSingle().Which.Data.Should().BeEmpty();
}
