using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests;

public sealed class SeenMessagesTests
{
    private readonly SeenMessages _seen = new(capacity: 2);

    [Fact]
    public void Add_SentAgain_IsKnown()
    {
        for (var sequence = 1UL; sequence < 20_000; sequence++)
        {
            Add(1, sequence).Should().Be(Sighting.New);
            var again = sequence > SeenMessages.Window ? sequence - SeenMessages.Window + 1 : 1;
            AddAgain(1, again).Should().Be(Sighting.Seen);
        }
    }

    [Theory]
    [InlineData(10, 5)]
    [InlineData(65, 2)]
    [InlineData(640, 577)]
    public void Add_LeftOutBefore_IsNewAsFarAsTheWindowGoes(ulong highest, ulong leftOut)
    {
        Add(1, 1);
        Add(1, highest);

        AddAgain(1, leftOut).Should().Be(Sighting.New);
        AddAgain(1, leftOut).Should().Be(Sighting.Seen);
        AddAgain(1, highest).Should().Be(Sighting.Seen);
    }

    [Fact]
    public void Add_BeforeTheFirstThatWasMet_CountsAsSeen()
    {
        Add(1, 8);

        AddAgain(1, 7).Should().Be(Sighting.Seen);
    }

    [Fact]
    public void Add_SentAgainBeforeAnythingIsCertain_CannotBeTold()
    {
        AddAgain(1, 5).Should().Be(Sighting.CannotBeTold);
        AddAgain(1, 5).Should().Be(Sighting.Seen);
        AddAgain(1, 6).Should().Be(Sighting.CannotBeTold);
        Add(1, 7).Should().Be(Sighting.New);
        AddAgain(1, 8).Should().Be(Sighting.New, "its first time would have been met");
    }

    [Fact]
    public void BeginAnew_WithAllThatThereIs_IsCertainFromTheFirst()
    {
        Add(1, 5);

        _seen.BeginAnew(isWhole: true);

        AddAgain(1, 5).Should().Be(Sighting.New);
        AddAgain(1, 5).Should().Be(Sighting.Seen);
    }

    [Fact]
    public void BeginAnew_WithAllThatThereIs_AnEarlierOneThatIsSentAgainIsNew()
    {
        _seen.BeginAnew(isWhole: true);
        Add(1, 6);

        AddAgain(1, 5).Should().Be(Sighting.New, "it was sent to another stream the first time");
    }

    [Fact]
    public void BeginAnew_WithSomethingMissed_CannotBeTold()
    {
        Add(1, 5);

        _seen.BeginAnew(isWhole: false);

        AddAgain(1, 5).Should().Be(Sighting.CannotBeTold);
    }

    [Fact]
    public void Add_MoreNodesThanItRemembers_ForgetsTheOneUnusedLongest()
    {
        Add(1, 1);
        Add(2, 1);
        Add(1, 2);
        Add(3, 1);

        AddAgain(1, 2).Should().Be(Sighting.Seen);
        AddAgain(2, 1).Should().Be(Sighting.CannotBeTold);
    }

    private Sighting Add(ulong node, ulong sequence) => _seen.Add(new MessageId(node, sequence), isSentAgain: false);

    private Sighting AddAgain(ulong node, ulong sequence) => _seen.Add(new MessageId(node, sequence), isSentAgain: true);
}
