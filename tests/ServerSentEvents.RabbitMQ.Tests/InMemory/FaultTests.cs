using ServerSentEvents.RabbitMQ.Internal;
using ServerSentEvents.RabbitMQ.Tests.Contract;

namespace ServerSentEvents.RabbitMQ.Tests.InMemory;

/// <summary>What a real broker does too rarely, or too late, to be waited for.</summary>
public sealed class FaultTests
{
    private readonly InMemoryStream _stream = new();

    [Fact]
    public async Task ConfirmationLost_SentAgainUnderTheSameId_IsDeliveredOnce()
    {
        await using var one = await TestNode.StartAsync(_stream);
        await using var other = await TestNode.StartAsync(_stream);
        await using var near = one.Connect();
        await using var far = other.Connect();
        await one.Backplane.PublishAsync("before").WithinPatience();

        _stream.HoldReaders(true);
        _stream.LoseConfirmations(true);
        var publishing = one.Backplane.PublishAsync("again");
        await Limits.UntilAsync(() => Events("again").Count == 1);
        _stream.LoseConfirmations(false);
        await Limits.UntilAsync(() => Events("again").Count == 2);
        _stream.HoldReaders(false);
        await publishing.WithinPatience();
        await one.Backplane.PublishAsync("after").WithinPatience();

        Events("again").Select(message => message.Id).Distinct().Should().ContainSingle();
        Events("again").Select(message => message.IsSentAgain).Should().Equal(false, true);
        (await near.NextAsync(3)).Should().Equal("before", "again", "after");
        (await far.NextAsync(3)).Should().Equal("before", "again", "after");
    }

    [Fact]
    public async Task ConfirmationLost_ReadBackMeanwhile_IsNotSentAgain()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();

        _stream.LoseConfirmations(true);
        var publishing = node.Backplane.PublishAsync("once");
        await client.NextAsync();
        // The node is done with the first when the second comes.
        var second = node.Backplane.PublishAsync("second");
        await client.NextAsync();
        publishing.IsCompleted.Should().BeFalse("it takes both");
        _stream.LoseConfirmations(false);
        await publishing.WithinPatience();
        await second.WithinPatience();

        Events("once").Should().ContainSingle();
    }

    [Fact]
    public async Task ConfirmationLost_ReadBackBeforeItCouldBeSentAgain_IsNotSentAgain()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();

        _stream.HoldReaders(true);
        _stream.LoseConfirmations(true);
        var publishing = node.Backplane.PublishAsync("once");
        await Limits.UntilAsync(() => Events("once").Count == 1);
        _stream.Block("low on disk");
        _stream.LoseConfirmations(false);
        await Limits.UntilAsync(() => _stream.Connections == 2);
        _stream.HoldReaders(false);
        await publishing.WithinPatience();
        _stream.Block(null);
        await node.Backplane.PublishAsync("after").WithinPatience();

        Events("once").Should().ContainSingle();
        (await client.NextAsync(2)).Should().Equal("once", "after");
    }

    [Fact]
    public async Task Resume_AtANodeThatIsBehind_IsSentOnlyWhatTheClientHasNotHad()
    {
        await using var ahead = await TestNode.StartAsync(_stream);
        var behindStream = new DelayedReads(_stream);
        await using var behind = await TestNode.StartAsync(behindStream);
        await using var before = ahead.Connect();
        behindStream.Hold();
        await ahead.Backplane.PublishAsync("a").WithinPatience();
        await ahead.Backplane.PublishAsync("b").WithinPatience();
        await before.NextAsync(2);

        await using var client = behind.Connect(before.LastEventId);
        client.Resume.Should().Be(ResumeResult.Resumed);
        behindStream.Release();
        await ahead.Backplane.PublishAsync("c").WithinPatience();

        (await client.NextAsync()).Data.Should().Be("c");
    }

    [Fact]
    public async Task Outage_Over_ReadsFromTheLastMessageOnAndNotFromTheBeginning()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await node.Backplane.PublishAsync("a").WithinPatience();
        await Limits.UntilAsync(() => node.Backplane.IsCaughtUp);
        var (last, before) = (_stream.Messages.Count - 1, _stream.Starts.Count);

        _stream.Cut();
        await Limits.UntilAsync(() => _stream.Starts.Count == before + 2);

        _stream.Starts[0].Since.Should().NotBeNull("at its start it reads back");
        _stream.Starts.Skip(before).Where(start => !start.IsLast).Should().Equal(StreamStart.At(last));
    }

    [Theory]
    [InlineData(0, ResumeResult.Gap)]
    [InlineData(3600, ResumeResult.Resumed)]
    [InlineData(null, ResumeResult.Resumed)]
    public async Task Start_ReadBack_IsHowFarTheHistoryGoes(int? seconds, ResumeResult expected)
    {
        await using var one = await TestNode.StartAsync(_stream);
        var position = await one.Backplane.PublishAsync("a").WithinPatience();
        await one.Backplane.PublishAsync("b").WithinPatience();

        await using var late = await TestNode.StartAsync(
            _stream, options => options.ReadBack = seconds is { } value ? TimeSpan.FromSeconds(value) : null);
        await using var client = late.Connect(position);

        client.Resume.Should().Be(expected);
    }

    [Fact]
    public async Task Outage_StreamNoLongerKeepsTheNext_ClientsBeginAnew()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();
        await node.Backplane.PublishAsync("a").WithinPatience();
        await client.NextAsync();

        _stream.Stop();
        await Limits.UntilAsync(() => !node.Backplane.IsCaughtUp);
        _stream.KeepOnlyNew(10);
        _stream.Start();
        (await client.TryNextAsync()).Should().BeNull("it cannot know what it has missed");

        await Limits.UntilAsync(() => node.Backplane.IsCaughtUp);
        await using var again = node.Connect(client.LastEventId);
        again.Resume.Should().Be(ResumeResult.Gap);
    }

    [Fact]
    public async Task StreamMadeAnew_LongerThanTheOldOne_IsRecognisedByItsMessages()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();
        var position = await node.Backplane.PublishAsync("a").WithinPatience();
        await client.NextAsync();
        var other = new InMemoryStream();
        await using (var elsewhere = await TestNode.StartAsync(other))
        {
            for (var i = 0; i < 50; i++)
                await elsewhere.Backplane.PublishAsync("other").WithinPatience();
        }

        _stream.Replace([.. other.Messages]);

        (await client.TryNextAsync()).Should().BeNull();
        var next = await node.Backplane.PublishAsync("b").WithinPatience();
        EpochOf(next).Should().NotBe(EpochOf(position));
        await using var again = node.Connect(position);
        again.Resume.Should().Be(ResumeResult.Gap);
    }

    [Fact]
    public async Task StreamMadeAnew_BeginsWithAMessageOfTheOldEpoch_StillIsAnotherEpoch()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();
        var position = await node.Backplane.PublishAsync("a").WithinPatience();
        var epoch = ulong.Parse(EpochOf(position), System.Globalization.NumberStyles.HexNumber, provider: null);

        _stream.Replace(RawMessage.Of(new MessageId(99, 1), epoch, data: ["late"]));

        await client.NextAsync();
        (await client.TryNextAsync()).Should().BeNull();
        var next = await node.Backplane.PublishAsync("b").WithinPatience();
        string.CompareOrdinal(EpochOf(next), EpochOf(position)).Should().BePositive();
    }

    [Fact]
    public async Task Blocked_LongerThanTheTimeout_ThrowsWithTheReasonAndResumes()
    {
        await using var node = await TestNode.StartAsync(_stream, options => options.PublishTimeout = TimeSpan.FromSeconds(2));
        await using var client = node.Connect();
        _stream.Block("low on disk");

        var publish = () => node.Backplane.PublishAsync("in vain").WithinPatience();

        (await publish.Should().ThrowAsync<TimeoutException>()).WithMessage("*the broker blocks publishers (low on disk)*");
        _stream.Block(null);
        await node.Backplane.PublishAsync("again").WithinPatience();
        (await client.NextAsync()).Data.Should().Be("again");
    }

    [Fact]
    public async Task Blocked_WhileTheBrokerTakesNothing_ThrowsWithThatReason()
    {
        var transport = new OddTransport(_stream);
        await using var node = await TestNode.StartAsync(transport, options => options.PublishTimeout = TimeSpan.FromSeconds(2));
        await using var client = node.Connect();
        var taken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        transport.TakeAfter(taken.Task);
        var publishing = node.Backplane.PublishAsync("late");
        await Limits.UntilAsync(() => transport.IsWaiting);

        _stream.Block("low on disk");

        (await publishing.Invoking(task => task.WithinPatience()).Should().ThrowAsync<TimeoutException>())
            .WithMessage("*the broker blocks publishers (low on disk)*may be published all the same*");
        _stream.Block(null);
        taken.SetResult();
        (await client.NextAsync()).Data.Should().Be("late");
    }

    [Fact]
    public async Task Reader_GetsNothingOfWhatIsConfirmed_IsMadeAnew()
    {
        var transport = new OddTransport(_stream);
        await using var node = await TestNode.StartAsync(transport, options => options.PublishTimeout = TimeSpan.FromSeconds(3));
        await using var client = node.Connect();
        transport.GetStuck(transport.ReadersOpened);

        var publish = () => node.Backplane.PublishAsync("a").WithinPatience();

        (await publish.Should().ThrowAsync<TimeoutException>()).WithMessage("The event was published, but this node has not read it back*");
        (await client.NextAsync()).Data.Should().Be("a");
        node.Log.Warnings.Should().Contain(text => text.Contains("Nothing has been read for", StringComparison.Ordinal));
    }

    [Fact]
    public async Task PublishAsync_NeverConfirmed_ThrowsAndAnotherConnectionIsTried()
    {
        await using var node = await TestNode.StartAsync(_stream, options => options.PublishTimeout = TimeSpan.FromSeconds(1));
        _stream.LoseConfirmations(true);
        await Limits.UntilAsync(() => node.Backplane.IsCaughtUp);

        var publish = () => node.Backplane.PublishAsync("unsure").WithinPatience();

        (await publish.Should().ThrowAsync<TimeoutException>()).WithMessage("*sent, but not confirmed*may be published all the same*");
        await Limits.UntilAsync(() => node.Log.Warnings.Any(text => text.Contains("has not confirmed", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task PublishAsync_Canceled_IsNotPublishedIfItWasNotSent()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();
        _stream.Block("low on disk");
        using var cancellation = new CancellationTokenSource();
        var publishing = node.Backplane.PublishAsync("in vain", cancellationToken: cancellation.Token);

        await cancellation.CancelAsync();

        await publishing.Invoking(task => task).Should().ThrowAsync<OperationCanceledException>();
        _stream.Block(null);
        await node.Backplane.PublishAsync("again").WithinPatience();
        (await client.NextAsync()).Data.Should().Be("again");
    }

    [Fact]
    public async Task PublisherUsedDirectly_BesideTheBackplane_ReachesThisNodeWithoutAnId()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();
        var position = await node.Backplane.PublishAsync("everywhere").WithinPatience();

        node.Publisher.Publish("here");
        node.Publisher.Publish(name => $"here, {name}");

        await client.NextAsync();
        (await client.NextAsync()).EventId.Should().BeNull();
        (await client.NextAsync()).EventId.Should().BeNull();
        await using var resumed = node.Connect(position);
        resumed.Resume.Should().Be(ResumeResult.Resumed);
        await node.Backplane.PublishAsync("next").WithinPatience();
        (await resumed.NextAsync()).Data.Should().Be("next");
    }

    [Fact]
    public async Task Resume_HostileIds_AreGapsOrHurtNobodyElse()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();
        var position = await node.Backplane.PublishAsync("a").WithinPatience();
        await client.NextAsync();

        foreach (var id in new[] { $"{EpochOf(position)}--1", $"{EpochOf(position)}-9999999999999999999", "0000000000000000-0", "x" })
        {
            await using var gap = node.Connect(id);
            gap.Resume.Should().Be(ResumeResult.Gap, id);
        }

        await using var ahead = node.Connect($"{EpochOf(position)}-999999999");
        await node.Backplane.PublishAsync("b").WithinPatience();
        (await client.NextAsync()).Data.Should().Be("b");
        ahead.Queued.Should().Be(1, "all that it gets is its own position");
    }

    [Fact]
    public async Task Resume_PositionAheadThatIsNotReached_EndsAfterHalfAMinuteAndIsAGapFromThenOn()
    {
        var time = new FakeTimeProvider();
        await using var node = await TestNode.StartAsync(_stream, options => options.TimeProvider = time);
        var epoch = EpochOf(await node.Backplane.PublishAsync("a").WithinPatience());
        var id = $"{epoch}-999999999";
        await using var ahead = node.Connect(id);
        ahead.Resume.Should().Be(ResumeResult.Resumed, "another node may have read more");

        AdvanceBySeconds(29);
        ahead.EndReason.Should().BeNull();
        AdvanceBySeconds(10);

        ahead.EndReason.Should().Be(SubscriptionEndReason.Closed);
        await using var second = node.Connect(id);
        second.Resume.Should().Be(ResumeResult.Gap);

        void AdvanceBySeconds(int seconds)
        {
            for (var i = 0; i < seconds; i++)
                time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public async Task Connections_ManyClients_AreOneForEachDirection()
    {
        await using var node = await TestNode.StartAsync(_stream);
        var clients = Enumerable.Range(0, 100).Select(_ => node.Connect()).ToList();
        await node.Backplane.PublishAsync("a").WithinPatience();

        _stream.Connections.Should().Be(2);

        foreach (var client in clients)
            await client.DisposeAsync();
    }

    private static string EpochOf(string position) => position.Split('-')[0];

    private List<StreamMessage> Events(string data) =>
        [.. _stream.Messages.Select(Decode).Where(message => message.Events.Any(each => each.Item.Data == data))];

    private static StreamMessage Decode(byte[] body)
    {
        MessageFormat.TryDecode(body, out var message).Should().Be(DecodeResult.Decoded);
        return message;
    }
}
