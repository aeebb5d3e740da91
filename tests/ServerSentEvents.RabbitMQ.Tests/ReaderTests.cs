using ServerSentEvents.Backplane;
using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests;

/// <summary>Tests the place where a reader starts, as the broker takes it.</summary>
public sealed class ReaderTests
{
    [Theory]
    [InlineData(0.1, "60s")]
    [InlineData(1, "60s")]
    [InlineData(60, "60s")]
    [InlineData(60.1, "61s")]
    [InlineData(3600, "3600s")]
    public void OffsetOf_Age_IsInWholeSecondsAndAtLeastAMinute(double seconds, string expected) =>
        RabbitMQReader.OffsetOf(new StreamStart(Offset: null, TimeSpan.FromSeconds(seconds))).Should().Be(expected);

    [Fact]
    public void OffsetOf_OffsetOrNothing_IsTheOffsetOrTheFirstMessage()
    {
        RabbitMQReader.OffsetOf(new StreamStart(Offset: 5, TimeSpan.FromSeconds(1))).Should().Be(5L);
        RabbitMQReader.OffsetOf(default).Should().Be("first");
    }
}
