using ServerSentEvents.Redis.Internal;

namespace ServerSentEvents.Redis.Tests;

/// <summary>Tests the ids of entries, and the offsets that are made from them.</summary>
public sealed class EntryIdTests
{
    private static readonly long Now = new DateTimeOffset(2026, 11, 27, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    [Fact]
    public void Offset_IdsInOrder_Rises()
    {
        EntryId[] ids = [new(Now, 0), new(Now, 1), new(Now, 4_095), new(Now + 1, 0), new(Now + 1, 1)];

        ids.Select(id => id.Offset).Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
        ids.Select(id => EntryId.At(id.Offset)).Should().Equal(ids);
    }

    [Fact]
    public void Offset_UntilTheEndOf2049_IsInTheRangeOfTheContract()
    {
        var last = new EntryId(new DateTimeOffset(2050, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds() - 1, 4_095);

        last.Offset.Should().BeInRange(0, 4_000_000_000_000_000);
    }

    [Fact]
    public void Offset_Before2020_Throws()
    {
        var offset = () => new EntryId(1_000, 0).Offset;

        offset.Should().Throw<IOException>().WithMessage("The entry 1000-0 was added before 2020 by the clock of Redis.");
    }

    [Fact]
    public void Previous_FirstOfAMillisecond_IsTheLastOfTheMillisecondBefore()
    {
        new EntryId(Now, 0).Previous.Should().Be(new EntryId(Now - 1, ulong.MaxValue));
        new EntryId(Now, 7).Previous.Should().Be(new EntryId(Now, 6));
    }

    [Fact]
    public void Since_AgeBeforeTheClockBegan_IsTheFirstMillisecond()
    {
        EntryId.Since(Now, TimeSpan.MaxValue).Should().Be(new EntryId(1, 0));
        EntryId.Since(Now, TimeSpan.FromSeconds(1)).Should().Be(new EntryId(Now - 1_000, 0));
    }

    [Fact]
    public void Parse_TextOfAnId_ReturnsIt() =>
        EntryId.Parse("1732642948000-18446744073709551615").Should().Be(new EntryId(1_732_642_948_000, ulong.MaxValue));

    [Theory]
    [InlineData("")]
    [InlineData("12")]
    [InlineData("x-1")]
    [InlineData("1-x")]
    public void Parse_OtherText_Throws(string text)
    {
        var parse = () => EntryId.Parse(text);

        parse.Should().Throw<IOException>();
    }
}
