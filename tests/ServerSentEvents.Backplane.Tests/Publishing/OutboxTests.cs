using System.Net.ServerSentEvents;
using ServerSentEvents.Backplane.Internal.Consuming;
using ServerSentEvents.Backplane.Internal.Messages;
using ServerSentEvents.Backplane.Internal.Publishing;

namespace ServerSentEvents.Backplane.Tests.Publishing;

/// <summary>Tests the order of messages, and which items share one.</summary>
public sealed partial class OutboxTests : IDisposable
{
    private readonly Outbox _outbox = new(new FakeTimeProvider(), TimeSpan.FromSeconds(10)) { Obstacle = null };

    public OutboxTests() => _outbox.BeginConnection();

    public void Dispose() => _outbox.Dispose();

    [Fact]
    public void Take_ItemsAdded_ShareOneMessageInOrder()
    {
        Add("a", "b", "c");

        Take().Should().Equal("a", "b", "c");
        Take().Should().BeEmpty();
        Add("d");
        Take().Should().Equal("d");
    }

    [Fact]
    public void Take_MoreItemsThanPositions_MakesMessagesOf1000()
    {
        Add([.. TestNode.Numbered("", 2500)]);

        Take().Should().Equal(TestNode.Numbered("", 1000));
        Take().Should().HaveCount(1000);
        Take().Should().Equal(TestNode.Numbered("", 2500).Skip(2000));
    }

    [Fact]
    public void Take_LargeItems_SharesOnlyUpToTheLargestMessage()
    {
        int[] lengths = [30_000, 30_000, 30_000, 200_000, 10, 10];
        Add(Array.ConvertAll(lengths, length => new string('x', length)));

        var counts = new List<int>();
        while (Take() is { Count: > 0 } message)
            counts.Add(message.Count);

        counts.Should().Equal(2, 1, 1, 2);
    }

    [Fact]
    public void Take_ItemsThatFillAMessage_CountsTheirHeaders()
    {
        // The message header takes 26 bytes, and each item 29 beside its data: its length, the name of its channel, and two
        // field headers.
        var half = (Outbox.LargestMessage - 26 - (2 * 29)) / 2;

        Add(new string('x', half), new string('x', half), "y");
        Take().Should().HaveCount(2);
        Take().Should().Equal("y");
        Add(new string('x', half), new string('x', half + 1));
        Take().Should().ContainSingle();
    }

    [Fact]
    public void Take_WindowFull_GathersUntilTheOldestIsConfirmed()
    {
        for (var number = 1; number <= SeenMessages.Window; number++)
        {
            Add($"{number}");
            Take().Should().ContainSingle();
        }

        Add("next", "and another");
        Take().Should().BeEmpty();
        _outbox.Confirm(2, all: false);
        Take().Should().BeEmpty("the first is still unconfirmed");
        _outbox.Confirm(1, all: false);
        Take().Should().Equal("next", "and another");
        Add("two places are free");
        Take().Should().ContainSingle();
        Add("no place is free");
        Take().Should().BeEmpty();
    }

    [Fact]
    public async Task Changed_WindowFullAndThenConfirmed_IsSet()
    {
        for (var number = 0; number <= SeenMessages.Window; number++)
        {
            Add($"{number}");
            Take();
        }

        await _outbox.Changed.WaitAsync(default).WithinPatience();
        _outbox.Confirm(1, all: false);

        await _outbox.Changed.WaitAsync(default).WithinPatience();
    }

    [Fact]
    public void Take_ConnectionsLostRepeatedly_KeepsTheOrder()
    {
        for (var number = 0; number < 4; number++)
        {
            Add($"{number}");
            Take().Should().Equal($"{number}");
        }

        _outbox.BeginConnection();
        Take().Should().Equal("0");
        Take().Should().Equal("1");
        _outbox.BeginConnection();
        Add("new");

        for (var number = 0; number < 4; number++)
            Take().Should().Equal($"{number}");
        Take().Should().Equal("new");
        Take().Should().BeEmpty();
    }

    [Fact]
    public void Take_Retransmission_KeepsTheIdAndHasTheFlag()
    {
        Add("a");
        Take();
        Add("b");
        var first = TakeMessage();
        _outbox.Confirm(1, all: false);
        _outbox.BeginConnection();

        var second = TakeMessage();

        (first.IsRetransmission, second.IsRetransmission).Should().Be((false, true));
        second.Id.Should().Be(first.Id).And.Be(new MessageId(_outbox.Node, 2));
        Add("c");
        var next = TakeMessage();
        (next.Id.Sequence, next.IsRetransmission).Should().Be((3, false));
    }

    [Fact]
    public void Take_Retransmission_LeavesTheBytesOfTheLostConnectionUnchanged()
    {
        Add("a");
        ReadOnlyMemory<byte> inFlight = _outbox.Take()!.Body;
        var sent = inFlight.ToArray();
        _outbox.BeginConnection();

        TakeMessage().IsRetransmission.Should().BeTrue();

        inFlight.ToArray().Should().Equal(sent);
    }

    [Fact]
    public async Task Confirm_All_CompletesThoseBefore()
    {
        OutgoingItem[] first = Add("a", "b");
        Take();
        var second = Add("c")[0];
        Take();
        var third = Add("d")[0];
        Take();

        _outbox.Confirm(2, all: true).Should().Be((3, 2UL));
        _outbox.Confirm(2, all: true).Should().Be((0, 0UL), "they are confirmed already");

        await Task.WhenAll(first[0].Confirmed, first[1].Confirmed, second.Confirmed).WithinPatience();
        third.IsSettled.Should().BeFalse();
        _outbox.Confirm(3, all: false).Should().Be((1, 3UL));
        _outbox.HasUnconfirmed.Should().BeFalse();
    }

    [Fact]
    public void Confirm_AllAfterASingleOne_CountsEachOnce()
    {
        for (var number = 1; number <= 3; number++)
        {
            Add($"{number}");
            Take();
        }

        _outbox.Confirm(2, all: false).Should().Be((1, 2UL));
        _outbox.Confirm(3, all: true).Should().Be((2, 3UL));

        _outbox.HasUnconfirmed.Should().BeFalse();
    }

    [Fact]
    public void Confirm_NumbersOfAnotherConnection_CountFromItsStart()
    {
        var first = Add("a")[0];
        Take();
        var second = Add("b")[0];
        Take();
        _outbox.BeginConnection();
        Take();
        Take();

        _outbox.Confirm(1, all: false).Should().Be((1, 1UL));

        (first.IsSettled, second.IsSettled).Should().Be((true, false));
    }

    [Fact]
    public void Withdraw_NotSent_IsLeftOut()
    {
        var items = Add("a", "b", "c");

        _outbox.Withdraw(items[1], new OperationCanceledException());

        items[1].Confirmed.IsFaulted.Should().BeTrue();
        Take().Should().Equal("a", "c");
    }

    [Fact]
    public void Withdraw_OneOfASentMessage_IsSentAgainWithTheOthers()
    {
        var items = Add("a", "b");
        Take();
        _outbox.Withdraw(items[0], new OperationCanceledException());
        _outbox.BeginConnection();

        Take().Should().Equal(["a", "b"], "one of them is still wanted");
        _outbox.Withdraw(items[1], new OperationCanceledException());
        _outbox.BeginConnection();
        Take().Should().BeEmpty("none of them is wanted");
    }

    [Fact]
    public void Dispose_ItemsInEachState_FailThemAndLaterOnes()
    {
        var again = Add("sent on a lost connection")[0];
        Take();
        _outbox.BeginConnection();
        Take();
        var confirmed = Add("confirmed")[0];
        Take();
        _outbox.Confirm(2, all: false);
        var waiting = Add("waiting")[0];

        _outbox.Dispose();

        foreach (var item in new[] { again, waiting })
            item.Confirmed.Exception!.InnerException.Should().BeOfType<ObjectDisposedException>();
        confirmed.Confirmed.IsCompletedSuccessfully.Should().BeTrue();
        _outbox.Invoking(outbox => outbox.Add(Encode("late"))).Should().Throw<ObjectDisposedException>();
    }

    [Fact]
    public void Call_ReadsTheClock_HoldsNoLock()
    {
        var (time, entered) = (new FakeTimeProvider(), 0);
        var clock = new CallbackTime(time);
        using var outbox = new Outbox(clock, TimeSpan.FromSeconds(10));
        clock.Read = () => entered += CallbackTime.IsFree(() => outbox.BeginConnection()) ? 1 : 0;

        outbox.Obstacle = null;
        outbox.Add(Encode("a"));
        outbox.Take();
        // The timer fires.
        time.Advance(TimeSpan.FromSeconds(1));

        entered.Should().Be(5, "only the message reads both times");
    }

    private static byte[] Encode(string data) => ItemFormat.EncodeEvent(new SseItem<string>(data), default);

    private OutgoingItem[] Add(params string[] data) => Array.ConvertAll(data, each => _outbox.Add(Encode(each)));

    private StreamMessage TakeMessage()
    {
        MessageFormat.Decode(_outbox.Take()!.Body, out var message).Should().Be(DecodeResult.Decoded);
        return message;
    }

    /// <summary>Returns the events of the next message; none if there is none.</summary>
    private List<string> Take()
    {
        if (_outbox.Take() is not { } taken)
            return [];
        MessageFormat.Decode(taken.Body, out var message).Should().Be(DecodeResult.Decoded);
        return [.. message.Items.Select(item => item.Event!.Value.Data)];
    }
}
