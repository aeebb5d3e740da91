using System.Net.ServerSentEvents;

namespace ServerSentEvents.Tests.WireFormat;

/// <summary>Statements 7 and 10: what is refused, at every way into a stream, and that nothing has happened then.</summary>
public sealed class RefusalTests
{
    private readonly Publisher _publisher = new();

    public static TheoryData<string> LineEnds => new("\r", "\n", "\r\n", "a\rdata: b", "a\nb", "a\r\n", "\ra");

    [Theory]
    [MemberData(nameof(LineEnds))]
    public Task Statement07_TypeWithLineEnd_IsRefused(string type) => IsRefusedEverywhere(ForgedItems.WithType(type));

    [Theory]
    [MemberData(nameof(LineEnds))]
    [InlineData("\0")]
    [InlineData("a\0b")]
    public Task Statement07_IdWithLineEndOrNul_IsRefused(string id) => IsRefusedEverywhere(ForgedItems.WithId(id));

    [Fact]
    public Task Statement07_IdWithNulThatTheBclLetsThrough_IsRefused() =>
        IsRefusedEverywhere(new SseItem<string>("x") { EventId = "1\0" });

    [Fact]
    public Task Statement07_NoData_IsRefused() => IsRefusedEverywhere(default);

    [Fact]
    public async Task Statement07_NullString_IsRefused()
    {
        var subscription = _publisher.Subscribe();

        FluentActions.Invoking(() => _publisher.Publish((string)null!))
            .Should().Throw<ArgumentException>().WithParameterName("data");
        FluentActions.Invoking(() => _publisher.PublishComment(null!))
            .Should().Throw<ArgumentException>().WithParameterName("comment");
        FluentActions.Invoking(() => _publisher.Subscribe(initialData: ["fit", null!]))
            .Should().Throw<ArgumentException>().WithParameterName("initialData");

        _publisher.GetSubscribers().Should().Equal(subscription);
        _publisher.Close();
        (await subscription.ToListAsync()).Should().BeEmpty();
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(-TimeSpan.TicksPerMillisecond)]
    [InlineData(long.MinValue)]
    public Task Statement10_NegativeReconnectionInterval_IsRefused(long ticks) =>
        IsRefusedEverywhere(ForgedItems.WithReconnectionInterval(TimeSpan.FromTicks(ticks)));

    private async Task IsRefusedEverywhere(SseItem<string> unfit)
    {
        var fit = new SseItem<string>("fit");
        var one = _publisher.Subscribe(properties: "one");
        var other = _publisher.Subscribe(properties: "other");

        FluentActions.Invoking(() => _publisher.Publish(unfit)).Should().Throw<ArgumentException>().WithParameterName("item");
        one.QueuedEvents.Should().Be(0);

        FluentActions.Invoking(() => _publisher.Subscribe(new SubscribeOptions<object?> { InitialData = [fit, unfit] }))
            .Should().Throw<ArgumentException>().WithParameterName("options");
        _publisher.GetSubscribers().Should().Equal(one, other);

        FluentActions.Invoking(() => _publisher.Publish(properties => properties is "one" ? unfit : fit))
            .Should().Throw<AggregateException>()
            .Which.InnerExceptions.Should().ContainSingle()
            .Which.Should().BeAssignableTo<ArgumentException>().Which.ParamName.Should().Be("item");
        _publisher.Close();
        (await one.ToListAsync()).Should().BeEmpty();
        (await other.ToListAsync()).Should().Equal("data: fit\n\n");
    }
}
