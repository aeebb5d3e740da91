using System.Net.ServerSentEvents;

namespace ServerSentEvents.Tests.WireFormat;

/// <summary>Tests that invalid input is rejected at every way into a stream, and has no other effect.</summary>
public sealed class InvalidInputTests
{
    private readonly Publisher _publisher = new();

    public static TheoryData<string> LineEnds => new("\r", "\n", "\r\n", "a\rdata: b", "a\nb", "a\r\n", "\ra");

    [Theory]
    [Trait("Statement", "7")]
    [MemberData(nameof(LineEnds))]
    public Task Publish_TypeWithLineEnd_Throws(string type) => ShouldThrowEverywhere(ForgedItems.WithType(type));

    [Theory]
    [Trait("Statement", "7")]
    [MemberData(nameof(LineEnds))]
    [InlineData("\0")]
    [InlineData("a\0b")]
    public Task Publish_IdWithLineEndOrNul_Throws(string id) => ShouldThrowEverywhere(ForgedItems.WithId(id));

    [Fact]
    [Trait("Statement", "7")]
    public Task Publish_IdWithNulThatTheBclAccepts_Throws() =>
        ShouldThrowEverywhere(new SseItem<string>("x") { EventId = "1\0" });

    public static TheoryData<string> IdsThatNoHeaderCarries =>
        new(" a", "a ", " ", "a\tb", "\u0001", "\u007f", "caf\u00e9", "\u65e5", "\ud83d",
            new string('x', 1_001), new string('x', 40_000));

    [Theory]
    [Trait("Statement", "21")]
    [MemberData(nameof(IdsThatNoHeaderCarries))]
    public Task Publish_IdThatNoHeaderCarries_Throws(string id) =>
        ShouldThrowEverywhere(new SseItem<string>("x") { EventId = id });

    [Theory]
    [Trait("Statement", "21")]
    [InlineData("!")]
    [InlineData("~")]
    [InlineData("a b")]
    [InlineData("order-17:3")]
    public async Task Publish_IdThatAHeaderCarries_IsWritten(string id) =>
        (await Wire.TextOf(new SseItem<string>("x") { EventId = id })).Should().Be($"data: x\nid: {id}\n\n");

    [Fact]
    [Trait("Statement", "21")]
    public async Task Publish_IdOfOneThousandCharacters_IsWritten()
    {
        var id = new string('x', 1_000);
        (await Wire.TextOf(new SseItem<string>("x") { EventId = id })).Should().Be($"data: x\nid: {id}\n\n");
    }

    [Fact]
    [Trait("Statement", "7")]
    public Task Publish_NoData_Throws() => ShouldThrowEverywhere(default);

    [Fact]
    [Trait("Statement", "7")]
    public async Task Publish_NullText_Throws()
    {
        var subscription = _publisher.Subscribe();

        FluentActions.Invoking(() => _publisher.Publish((string)null!))
            .Should().Throw<ArgumentException>().WithParameterName("data");
        FluentActions.Invoking(() => _publisher.PublishComment(null!))
            .Should().Throw<ArgumentException>().WithParameterName("comment");
        FluentActions.Invoking(() => _publisher.Subscribe(initialData: ["valid", null!]))
            .Should().Throw<ArgumentException>().WithParameterName("initialData");

        _publisher.GetSubscribers().Should().Equal(subscription);
        _publisher.Close();
        (await subscription.ToArrayAsync()).Should().BeEmpty();
    }

    [Theory]
    [Trait("Statement", "10")]
    [InlineData(-1)]
    [InlineData(-TimeSpan.TicksPerMillisecond)]
    [InlineData(long.MinValue)]
    public Task Publish_NegativeReconnectionInterval_Throws(long ticks) =>
        ShouldThrowEverywhere(ForgedItems.WithReconnectionInterval(TimeSpan.FromTicks(ticks)));

    private async Task ShouldThrowEverywhere(SseItem<string> invalid)
    {
        var valid = new SseItem<string>("valid");
        var one = _publisher.Subscribe(properties: "one");
        var other = _publisher.Subscribe(properties: "other");

        FluentActions.Invoking(() => _publisher.Publish(invalid)).Should().Throw<ArgumentException>().WithParameterName("item");
        one.QueuedEvents.Should().Be(0);

        FluentActions.Invoking(() => _publisher.Subscribe(new SubscribeOptions<object?> { InitialData = [valid, invalid] }))
            .Should().Throw<ArgumentException>().WithParameterName("options");
        _publisher.GetSubscribers().Should().Equal(one, other);

        FluentActions.Invoking(() => new Publisher(new PublisherOptions { GapEvent = invalid }))
            .Should().Throw<ArgumentException>().WithParameterName("options");

        var loading = _publisher.Subscribe(new SubscribeOptions<object?> { LoadInitialData = _ => new([valid, invalid]) });
        await loading.Awaiting(subscription => subscription.ToArrayAsync()).Should().ThrowAsync<ArgumentException>();
        loading.EndReason.Should().Be(SubscriptionEndReason.Unsubscribed);

        (await FluentActions.Awaiting(() => _publisher.PublishAllAsync(new TestSource<SseItem<string>>([invalid, valid])))
            .Should().ThrowAsync<ArgumentException>()).WithParameterName("items");
        (one.QueuedEvents, other.QueuedEvents).Should().Be((0, 0));

        FluentActions.Invoking(() => _publisher.Publish(properties => properties is "one" ? invalid : valid))
            .Should().Throw<AggregateException>()
            .Which.InnerExceptions.Should().ContainSingle()
            .Which.Should().BeAssignableTo<ArgumentException>().Which.ParamName.Should().Be("item");
        _publisher.Close();
        (await one.ToArrayAsync()).Should().BeEmpty();
        (await other.ToArrayAsync()).Should().Equal("data: valid\n\n");
    }
}
