using System.Globalization;
using ServerSentEvents.Backplane.Internal.Messages;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Backplane.Tests.Messages;

public sealed class StreamEventIdsTests
{
    private readonly StreamEventIds _ids = new();

    [Theory]
    [InlineData(0, 0, "0~00000000")]
    [InlineData(1000, 0xAB, "1000~000000ab")]
    [InlineData(long.MaxValue, uint.MaxValue, "9223372036854775807~ffffffff")]
    public void Format_Position_IsItsNumberAndTheCheck(long value, uint check, string id)
    {
        _ids.Format(new(value, check)).Should().Be(id);
        _ids.TryParse(id, out var position).Should().BeTrue();
        position.Should().Be(new EventPosition(value, check));
    }

    [Fact]
    public void LengthOf_AnyPosition_IsTheLengthOfItsId()
    {
        long[] values = [0, 1, 9, 10, 11, 99, 100, 999, 1000, 123_456, long.MaxValue - 1, long.MaxValue];
        for (var power = 1L; power <= 1_000_000_000_000_000_000; power = power < 1_000_000_000_000_000_000 ? power * 10 : long.MaxValue)
            values = [.. values, power - 1, power, power + 1];

        foreach (var value in values)
            _ids.LengthOf(new(value, 7)).Should().Be(_ids.Format(new(value, 7)).Length, value.ToString(CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("")]
    [InlineData("~00000000")]
    [InlineData("1")]
    [InlineData("1-00000000")]
    [InlineData("-1~00000000")]
    [InlineData("+1~00000000")]
    [InlineData(" 1~00000000")]
    [InlineData("01~00000000")]
    [InlineData("1~0000000")]
    [InlineData("1~000000000")]
    [InlineData("1~0000000G")]
    [InlineData("1~0000000A")]
    [InlineData("1~ 0000000")]
    [InlineData("1~00000000 ")]
    [InlineData("1٣~00000000")]
    [InlineData("9223372036854775808~00000000")]
    [InlineData("99999999999999999999~00000000")]
    public void TryParse_TextThatFormatNeverReturns_ReturnsFalse(string id)
    {
        _ids.TryParse(id, out _).Should().BeFalse();
    }

    [Fact]
    public void IsKnownOrAhead_NoMessages_ReturnsTrue()
    {
        IsKnownOrAhead(offset: 5, check: 1).Should().BeTrue("this node may be behind");
    }

    [Fact]
    public void IsKnownOrAhead_MessageOfThatCheck_ReturnsTrueForEachOfItsPositions()
    {
        Add(from: 10, count: 5, step: 10);

        IsKnownOrAhead(30, CheckOf(30)).Should().BeTrue();
        _ids.IsKnownOrAhead(new(StreamPosition.EndOf(30), CheckOf(30))).Should().BeTrue();
        _ids.IsKnownOrAhead(new(StreamPosition.EndOf(30) + 1, CheckOf(30))).Should().BeFalse();
    }

    [Fact]
    public void IsKnownOrAhead_OtherCheckOrUnknownOffset_ReturnsFalse()
    {
        Add(from: 10, count: 5, step: 10);

        IsKnownOrAhead(30, CheckOf(30) + 1).Should().BeFalse();
        IsKnownOrAhead(35, CheckOf(30)).Should().BeFalse("no message was there");
        IsKnownOrAhead(9, CheckOf(10)).Should().BeFalse("it is before the oldest message");
        _ids.IsKnownOrAhead(new(0)).Should().BeFalse();
    }

    [Fact]
    public void IsKnownOrAhead_AfterTheNewest_ReturnsTrue()
    {
        Add(from: 10, count: 5, step: 10);

        IsKnownOrAhead(50, CheckOf(50) + 1).Should().BeFalse();
        IsKnownOrAhead(51, check: 1).Should().BeTrue("this node may be behind");
    }

    [Theory]
    [InlineData(256)]
    [InlineData(600)]
    [InlineData(1024)]
    public void Add_MoreThanTheCapacity_KeepsTheNewest(int capacity)
    {
        var ids = new StreamEventIds(capacity);
        for (var offset = 0; offset < 5 * capacity / 2; offset++)
        {
            ids.Add(offset, CheckOf(offset));
            var oldest = Math.Max(0, offset - capacity + 1);
            ids.IsKnownOrAhead(At(offset, CheckOf(offset))).Should().BeTrue();
            ids.IsKnownOrAhead(At(oldest, CheckOf(oldest))).Should().BeTrue();
            ids.IsKnownOrAhead(At(oldest, CheckOf(oldest) + 1)).Should().BeFalse();
            ids.IsKnownOrAhead(At(oldest - 1, CheckOf(oldest - 1))).Should().BeFalse();
        }

        var newest = (5 * capacity / 2) - 1;
        Enumerable.Range(newest - capacity + 1, capacity).Should().OnlyContain(offset => ids.IsKnownOrAhead(At(offset, CheckOf(offset))));
    }

    private void Add(long from, int count, int step)
    {
        for (var number = 0; number < count; number++)
            _ids.Add(from + (number * step), CheckOf(from + (number * step)));
    }

    private bool IsKnownOrAhead(long offset, uint check) => _ids.IsKnownOrAhead(At(offset, check));

    private static EventPosition At(long offset, uint check) => new(StreamPosition.Of(offset, 0), check);

    private static uint CheckOf(long offset) => (uint)(offset * 3) + 1;
}
