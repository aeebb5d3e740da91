using System.Net.ServerSentEvents;
using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests;

/// <summary>The order in which things go out, and who has waited for too long, by a set clock.</summary>
public sealed class OutboxTests : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _time = new();
    private readonly Outbox _outbox;

    public OutboxTests()
    {
        _outbox = new Outbox(_time, Timeout);
        _outbox.SetObstacle(null);
        _outbox.BeginConnection();
        _outbox.SendEventsIn(epoch: 7);
    }

    public void Dispose() => _outbox.Dispose();

    [Fact]
    public void TryTake_ConnectionsLostAgainAndAgain_SendsInTheOrderOfTheFirstTime()
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
    public void TryTake_WindowFull_GathersUntilTheOldestIsConfirmed()
    {
        for (var number = 0; number < SeenMessages.Window; number++)
        {
            Add($"{number}");
            Take().Should().ContainSingle();
        }

        Add("next");
        Add("and another");
        Take().Should().BeEmpty();
        _outbox.Confirm(2, all: false);
        Take().Should().BeEmpty("the first is still unconfirmed");
        _outbox.Confirm(1, all: false);
        Take().Should().Equal("next", "and another");
    }

    [Fact]
    public async Task GiveUp_EventsOfOneMessage_FailEachAtItsOwnTime()
    {
        var early = Add("early");
        _time.Advance(Timeout / 2);
        var late = Add("late");
        Take().Should().Equal("early", "late");

        _time.Advance(Timeout / 2);
        var failure = await early.Done.Invoking(task => task).Should().ThrowAsync<TimeoutException>();
        late.IsSettled.Should().BeFalse();
        _outbox.BeginConnection();

        failure.WithMessage("*may be published all the same*");
        Take().Should().Equal(["early", "late"], "somebody still waits for one of them");
        _time.Advance(Timeout / 2);
        await late.Done.Invoking(task => task).Should().ThrowAsync<TimeoutException>();
        _outbox.BeginConnection();
        Take().Should().BeEmpty("nobody waits any more");
    }

    [Fact]
    public async Task GiveUp_ConfirmedAndAtWork_SaysWhatItWaitsFor()
    {
        var read = Add("read");
        Take();
        _outbox.Confirm(1, all: false);
        var lost = Add("lost");
        Take();
        _outbox.Confirm(2, all: false);
        _outbox.BeginDelivery(1, "epoch", offset: 5);

        _time.Advance(Timeout);

        (await read.Done.Invoking(task => task).Should().ThrowAsync<TimeoutException>()).WithMessage("*has not delivered it*");
        (await lost.Done.Invoking(task => task).Should().ThrowAsync<TimeoutException>()).WithMessage("*has not read it back*");
    }

    [Fact]
    public async Task BeginDelivery_BeforeItIsConfirmed_EachIsDoneWhenItIsBoth()
    {
        var first = Add("first");
        var second = Add("second");
        Take();
        var message = _outbox.BeginDelivery(1, "epoch", offset: 5)!;

        _outbox.SetDelivered(message);
        first.IsSettled.Should().BeFalse("it is not confirmed");
        _outbox.Confirm(1, all: false).Should().Be(2);

        (await first.Done).Should().Be("epoch-5000");
        second.IsSettled.Should().BeFalse("it is not delivered");
        _outbox.EndDelivery(message);
        (await second.Done).Should().Be("epoch-5001");
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(30, 30)]
    public void IsStuck_NothingIsConfirmed_AfterTheTimeoutButNotBeforeFiveSeconds(int timeout, int stuckAfter)
    {
        using var outbox = new Outbox(_time, TimeSpan.FromSeconds(timeout));
        outbox.SetObstacle(null);
        outbox.BeginConnection();
        outbox.Add(new OutgoingItem(encoded: null, markerEpoch: 0, _time.GetTimestamp()));
        outbox.TryTake(out _).Should().BeTrue();

        _time.Advance(TimeSpan.FromSeconds(stuckAfter - 1));
        outbox.IsStuck.Should().BeFalse();
        _time.Advance(TimeSpan.FromSeconds(1 + (timeout / 10.0)));
        outbox.IsStuck.Should().BeTrue();
    }

    [Fact]
    public async Task GiveUp_Unsent_FailsAtTheTimeoutOrATenthLater()
    {
        _outbox.HoldEvents("the stream cannot be read");
        _time.Advance(Timeout / 20);
        var item = Add("a");

        _time.Advance(Timeout - TimeSpan.FromMilliseconds(1));
        item.IsSettled.Should().BeFalse();
        _time.Advance((Timeout / 10) + TimeSpan.FromMilliseconds(1));

        (await item.Done.Invoking(task => task).Should().ThrowAsync<TimeoutException>())
            .WithMessage("The event was not published: the stream cannot be read*");
    }

    [Fact]
    public void Withdraw_ManyBehindOneThatWaits_KeepsNothingOfThem()
    {
        const int size = 1 << 20;
        _outbox.HoldEvents("the stream cannot be read");
        Add("waits");

        for (var i = 0; i < 1000; i++)
            _outbox.Withdraw(Add(new string('x', size)), new OperationCanceledException());

        GC.GetTotalMemory(forceFullCollection: true).Should().BeLessThan(200 * size);
        _outbox.SendEventsIn(epoch: 7);
        Take().Should().Equal("waits");
    }

    [Fact]
    public void Quiet_ForLong_AMarkerIsToShowThatTheReaderLives()
    {
        var stuck = _outbox.BeginReading();
        Step(times: 9);
        _outbox.TryTake(out _).Should().BeFalse();
        _outbox.BeginMessage();
        _outbox.EndMessage();
        Step(times: 10);
        _outbox.TryTake(out _).Should().BeFalse("something has come meanwhile");

        Step(times: 21);
        _outbox.TryTake(out var body).Should().BeTrue();
        _outbox.TryTake(out _).Should().BeFalse("one is enough, however long it could not be sent");
        MessageFormat.TryDecode(body.Span, out var message);
        (message.Events.Count, message.Epoch).Should().Be((0, 7UL));
        _outbox.Confirm(1, all: false);
        Step(times: 10);
        stuck.IsCompleted.Should().BeFalse();
        Step(times: 1);
        stuck.IsCompleted.Should().BeTrue("it has not come back for as long again");

        stuck = _outbox.BeginReading();
        Step(times: 9);
        stuck.IsCompleted.Should().BeFalse("that connection owes nothing");
        _outbox.TryTake(out _).Should().BeFalse();
    }

    [Fact]
    public async Task SendAnew_EventsOfAMessageThatCountsNoMore_GoFirstUnderAnotherNumber()
    {
        var first = Add("first");
        Take();
        var second = Add("second");
        Take();
        Add("third");

        _outbox.SendAnew(1);
        _outbox.SendAnew(2);
        _outbox.Confirm(2, all: true);
        Take().Should().Equal("first", "second", "third");
        _outbox.Confirm(3, all: false);
        _outbox.EndDelivery(_outbox.BeginDelivery(3, "epoch", offset: 9)!);

        (await first.Done).Should().Be("epoch-9000");
        (await second.Done).Should().Be("epoch-9001");
    }

    [Fact]
    public void TryTake_WhatIsToBeSentAgainHasComeBack_IsNotSent()
    {
        Add("a");
        Add("b");
        Take();
        _outbox.BeginConnection();

        _outbox.BeginDelivery(1, "epoch", offset: 5);

        Take().Should().BeEmpty("it is being delivered");
    }

    [Fact]
    public async Task SendAnew_Marker_IsAnsweredByItsSecondMessage()
    {
        var marker = new OutgoingItem(encoded: null, markerEpoch: 7, _time.GetTimestamp());
        _outbox.Add(marker);
        Take();

        _outbox.SendAnew(_outbox.IdOf(marker).Sequence);
        _outbox.TryTake(out _).Should().BeTrue();
        _outbox.IdOf(marker).Sequence.Should().Be(2);
        _outbox.Confirm(2, all: true);
        _outbox.EndDelivery(_outbox.BeginDelivery(2, "epoch", offset: 5)!);

        (await marker.Done).Should().Be("epoch-5000");
    }

    [Fact]
    public void Dispose_WhateverWaits_Fails()
    {
        var sent = Add("sent");
        Take();
        var confirmed = Add("confirmed");
        Take();
        _outbox.Confirm(2, all: false);
        var unsent = Add("unsent");

        _outbox.Dispose();

        new[] { sent, confirmed, unsent }.Should().OnlyContain(item => item.Done.IsFaulted);
    }

    private OutgoingItem Add(string data)
    {
        var item = new OutgoingItem(EventFormat.Encode(new SseItem<string>(data), default, addedAt: 0), markerEpoch: null, _time.GetTimestamp());
        _outbox.Add(item);
        return item;
    }

    private void Step(int times)
    {
        for (var i = 0; i < times; i++)
            _time.Advance(Timeout / 10);
    }

    /// <summary>The events of the next message; none where there is none.</summary>
    private IEnumerable<string> Take()
    {
        if (!_outbox.TryTake(out var body))
            return [];
        MessageFormat.TryDecode(body.Span, out var message).Should().Be(DecodeResult.Decoded);
        return message.Events.Select(each => each.Item.Data);
    }
}
