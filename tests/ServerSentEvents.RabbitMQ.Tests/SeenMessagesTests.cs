using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests;

public sealed class SeenMessagesTests
{
    [Fact]
    public void Add_SentAgain_IsKnown()
    {
        var seen = new SeenMessages(capacity: 10);
        for (var sequence = 1UL; sequence < 20_000; sequence++)
        {
            seen.Add(new MessageId(1, sequence)).Should().BeTrue();
            var again = sequence > SeenMessages.Window ? sequence - SeenMessages.Window + 1 : 1;
            seen.Add(new MessageId(1, again)).Should().BeFalse();
        }
    }

    [Fact]
    public void Add_LeftOutBefore_IsNew()
    {
        var seen = new SeenMessages(capacity: 10);
        seen.Add(new MessageId(1, 1));
        seen.Add(new MessageId(1, 10));

        seen.Add(new MessageId(1, 5)).Should().BeTrue();
        seen.Add(new MessageId(1, 5)).Should().BeFalse();
    }

    [Fact]
    public void Add_BeforeTheFirstThatWasMet_CountsAsSeen()
    {
        var seen = new SeenMessages(capacity: 10);
        seen.Add(new MessageId(1, 8));

        seen.Add(new MessageId(1, 7)).Should().BeFalse();
    }

    [Fact]
    public void Add_MoreNodesThanItRemembers_ForgetsTheOneUnusedLongest()
    {
        var seen = new SeenMessages(capacity: 2);
        seen.Add(new MessageId(1, 1));
        seen.Add(new MessageId(2, 1));
        seen.Add(new MessageId(1, 2));
        seen.Add(new MessageId(3, 1));

        seen.Knows(1).Should().BeTrue();
        seen.Knows(2).Should().BeFalse();
    }
}
