using ServerSentEvents.Backplane.Internal.Consuming;
using ServerSentEvents.Backplane.Internal.Messages;

namespace ServerSentEvents.Backplane.Tests.Consuming;

public sealed class SeenMessagesTests
{
    private readonly SeenMessages _seen = new(capacity: 2);

    [Fact]
    public void Add_Retransmission_IsSeen()
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
    public void Add_SkippedBefore_IsNewWithinTheWindow(ulong highest, ulong skipped)
    {
        Add(1, 1);
        Add(1, highest);

        AddAgain(1, skipped).Should().Be(Sighting.New);
        AddAgain(1, skipped).Should().Be(Sighting.Seen);
        AddAgain(1, highest).Should().Be(Sighting.Seen);
    }

    [Fact]
    public void Add_SkippedBeforeTheWindow_IsSeen()
    {
        Add(1, 1);
        Add(1, 640);

        AddAgain(1, 576).Should().Be(Sighting.Seen, "no node has so old a message unconfirmed");
    }

    [Fact]
    public void Add_LeapOfAWindow_ForgetsTheMessagesBefore()
    {
        Add(1, 1);
        Add(1, 65);

        AddAgain(1, 2).Should().Be(Sighting.New);
        Add(1, 129).Should().Be(Sighting.New);
        AddAgain(1, 66).Should().Be(Sighting.New, "the bit of another message must not stand for it");
    }

    [Fact]
    public void Add_BeforeTheFirstOfTheNode_IsSeen()
    {
        Add(1, 8);

        AddAgain(1, 7).Should().Be(Sighting.Seen);
    }

    [Fact]
    public void Add_RetransmissionBeforeAnyOriginal_IsUncertain()
    {
        AddAgain(1, 5).Should().Be(Sighting.Uncertain);
        AddAgain(1, 5).Should().Be(Sighting.Seen);
        AddAgain(1, 6).Should().Be(Sighting.Uncertain);
        Add(1, 7).Should().Be(Sighting.New);
        AddAgain(1, 8).Should().Be(Sighting.New, "its original would have come after 7");
    }

    [Fact]
    public void Restart_WholeStream_RetransmissionIsNew()
    {
        Add(1, 5);

        _seen.Restart(isWhole: true);

        AddAgain(1, 5).Should().Be(Sighting.New);
        AddAgain(1, 5).Should().Be(Sighting.Seen);
    }

    [Fact]
    public void Restart_WholeStream_RetransmissionOfALowerSequenceIsNew()
    {
        _seen.Restart(isWhole: true);
        Add(1, 6);

        AddAgain(1, 5).Should().Be(Sighting.New, "its original was in another stream");
    }

    [Fact]
    public void Restart_MessagesWereMissed_RetransmissionIsUncertain()
    {
        Add(1, 5);

        _seen.Restart(isWhole: false);

        AddAgain(1, 5).Should().Be(Sighting.Uncertain);
    }

    [Fact]
    public void Add_MoreNodesThanTheCapacity_ForgetsTheOneThatWasUnusedLongest()
    {
        Add(1, 1);
        Add(2, 1);
        Add(1, 2);
        Add(3, 1);

        AddAgain(1, 2).Should().Be(Sighting.Seen);
        AddAgain(2, 1).Should().Be(Sighting.Uncertain);
    }

    [Fact]
    public void Add_WholeStreamAndMoreNodesThanTheCapacity_IsUncertainOfAForgottenNode()
    {
        _seen.Restart(isWhole: true);
        Add(1, 1);
        Add(2, 1);
        Add(3, 1);

        AddAgain(1, 1).Should().Be(Sighting.Uncertain);
    }

    private Sighting Add(ulong node, ulong sequence) => _seen.Add(new MessageId(node, sequence), isRetransmission: false);

    private Sighting AddAgain(ulong node, ulong sequence) => _seen.Add(new MessageId(node, sequence), isRetransmission: true);
}
