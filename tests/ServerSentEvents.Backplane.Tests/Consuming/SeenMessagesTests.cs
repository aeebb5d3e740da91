using ServerSentEvents.Backplane.Internal.Consuming;
using ServerSentEvents.Backplane.Internal.Messages;

namespace ServerSentEvents.Backplane.Tests.Consuming;

/// <summary>Tests which retransmissions are known to be new or duplicates.</summary>
public sealed class SeenMessagesTests
{
    private SeenMessages _seen = new(capacity: 2);

    [Fact]
    public void Add_Retransmission_IsDuplicate()
    {
        for (var sequence = 1UL; sequence < 20_000; sequence++)
        {
            Add(1, sequence).Should().Be(DuplicateCheck.New);
            var again = sequence > SeenMessages.Window ? sequence - SeenMessages.Window + 1 : 1;
            AddAgain(1, again).Should().Be(DuplicateCheck.Duplicate);
        }
    }

    [Theory]
    [InlineData(10, 5)]
    [InlineData(65, 2)]
    [InlineData(640, 577)]
    public void Add_SkippedBefore_IsUncertainWithinTheWindow(ulong highest, ulong skipped)
    {
        Add(1, 1);
        Add(1, highest);

        AddAgain(1, skipped).Should().Be(DuplicateCheck.Uncertain, "later messages were delivered before it");
        AddAgain(1, skipped).Should().Be(DuplicateCheck.Duplicate);
        AddAgain(1, highest).Should().Be(DuplicateCheck.Duplicate);
    }

    [Fact]
    public void Add_SkippedBeforeTheWindow_IsDuplicate()
    {
        Add(1, 1);
        Add(1, 640);

        AddAgain(1, 576).Should().Be(DuplicateCheck.Duplicate, "no node has so old a message unconfirmed");
    }

    [Fact]
    public void Add_LeapOfAWindow_ForgetsTheMessagesBefore()
    {
        Add(1, 1);
        Add(1, 65);

        AddAgain(1, 2).Should().Be(DuplicateCheck.Uncertain);
        Add(1, 129).Should().Be(DuplicateCheck.New);
        AddAgain(1, 66).Should().Be(DuplicateCheck.Uncertain, "the bit of another message must not stand for it");
    }

    [Fact]
    public void Add_BeforeTheFirstOfTheNode_IsDuplicate()
    {
        Add(1, 8);

        AddAgain(1, 7).Should().Be(DuplicateCheck.Duplicate);
    }

    [Fact]
    public void Add_RetransmissionBeforeAnyOriginal_IsUncertain()
    {
        AddAgain(1, 5).Should().Be(DuplicateCheck.Uncertain);
        AddAgain(1, 5).Should().Be(DuplicateCheck.Duplicate);
        AddAgain(1, 6).Should().Be(DuplicateCheck.Uncertain);
        Add(1, 7).Should().Be(DuplicateCheck.New);
        AddAgain(1, 8).Should().Be(DuplicateCheck.New, "its original would have come after 7");
    }

    [Fact]
    public void Add_StreamStartsAtFirst_RetransmissionIsNew()
    {
        _seen = new(capacity: 2, startsAtFirst: true);

        AddAgain(1, 5).Should().Be(DuplicateCheck.New);
        AddAgain(1, 5).Should().Be(DuplicateCheck.Duplicate);
    }

    [Fact]
    public void Add_StreamStartsAtFirst_RetransmissionOfALowerSequenceIsUncertain()
    {
        _seen = new(capacity: 2, startsAtFirst: true);
        Add(1, 6);

        AddAgain(1, 5).Should().Be(DuplicateCheck.Uncertain, "its original was in another stream, and 6 was delivered before it");
    }

    [Fact]
    public void Add_RetransmissionsInOrderWithoutWithdrawnOnes_AreNew()
    {
        Add(1, 1);

        AddAgain(1, 3).Should().Be(DuplicateCheck.New, "2 was withdrawn");
        AddAgain(1, 5).Should().Be(DuplicateCheck.New);
        Add(1, 6).Should().Be(DuplicateCheck.New);
    }

    [Fact]
    public void Add_MoreNodesThanTheCapacity_ForgetsTheOneThatWasUnusedLongest()
    {
        Add(1, 1);
        Add(2, 1);
        Add(1, 2);
        Add(3, 1);

        AddAgain(1, 2).Should().Be(DuplicateCheck.Duplicate);
        AddAgain(2, 1).Should().Be(DuplicateCheck.Uncertain);
    }

    [Fact]
    public void Add_ForgottenNodeRetransmits_IsUncertain()
    {
        _seen = new(capacity: 2, startsAtFirst: true);
        Add(1, 1);
        Add(2, 1);
        Add(3, 1);

        AddAgain(1, 1).Should().Be(DuplicateCheck.Uncertain);
    }

    private DuplicateCheck Add(ulong node, ulong sequence) => _seen.Add(new MessageId(node, sequence), isRetransmission: false);

    private DuplicateCheck AddAgain(ulong node, ulong sequence) => _seen.Add(new MessageId(node, sequence), isRetransmission: true);
}
