using System.Net.ServerSentEvents;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using ServerSentEvents.RabbitMQ.Internal;
using ServerSentEvents.RabbitMQ.Tests.Contract;

namespace ServerSentEvents.RabbitMQ.Tests.InMemory;

/// <summary>What a broker, a log or another node does that nobody would wish for.</summary>
public sealed class MishapTests
{
    private readonly InMemoryStream _stream = new();

    [Fact]
    public async Task Start_BrokerRefusesWhatIsSent_FailsAfterSomeAttempts()
    {
        var transport = new OddTransport(_stream) { Refuses = _ => true };
        await using var backplane = NewBackplane(transport);

        var start = () => backplane.StartAsync(CancellationToken.None).WithinPatience();

        (await start.Should().ThrowAsync<Exception>()).Which.Should().NotBeOfType<TimeoutException>();
        transport.Opened.Should().BeLessThan(20);
    }

    [Fact]
    public async Task Start_FirstConnectionConfirmsNothing_IsMadeAnew()
    {
        var transport = new OddTransport(_stream) { Swallows = number => number == 1 };

        await using var node = await TestNode.StartAsync(transport, options => options.PublishTimeout = TimeSpan.FromSeconds(1));

        transport.Opened.Should().BeGreaterThan(1);
    }

    [Fact]
    public async Task Start_TwoEpochsInAQuietStream_AllNodesAreInTheHigher()
    {
        foreach (var (node, epoch) in new[] { (1UL, 0x1000UL << 32), (2UL, 0x2000UL << 32) })
            _stream.Append(RawMessage.Of(new MessageId(node, 1), epoch));

        await using var full = await TestNode.StartAsync(_stream);
        await using var quiet = await TestNode.StartAsync(_stream, options => options.ReadBack = TimeSpan.Zero);
        await using var client = full.Connect();

        var position = await quiet.Backplane.PublishAsync("a").WithinPatience();

        await client.NextAsync();
        client.LastEventId.Should().Be(position);
    }

    [Fact]
    public async Task SentAgain_FirstTimeBeforeTheNodeBegan_IsNotDeliveredTwiceToOneWhoHops()
    {
        await using var one = await TestNode.StartAsync(_stream);
        await using var client = one.Connect();
        _stream.Append(RawMessage.Of(new MessageId(77, 5), data: ["m"]));
        await client.NextAsync();
        await using var late = await TestNode.StartAsync(_stream, options => options.ReadBack = TimeSpan.Zero);
        await one.Backplane.PublishAsync("n").WithinPatience();
        await client.NextAsync();
        await using var hopped = late.Connect(client.LastEventId);

        _stream.Append(RawMessage.Of(new MessageId(77, 5), isSentAgain: true, data: ["m"]));
        await one.Backplane.PublishAsync("o").WithinPatience();

        // It is sent away, to find out elsewhere, or goes on; but it is not told "m" again.
        await late.Backplane.PublishAsync("p").WithinPatience();
        late.Publisher.Close();
        (await hopped.RestAsync()).Should().NotContain("m");
    }

    [Fact]
    public async Task SentAgain_SeveralWhoseFirstTimeWasBeforeTheNodeBegan_NoneIsDeliveredTwice()
    {
        await using var one = await TestNode.StartAsync(_stream);
        await using var client = one.Connect();
        _stream.Append(RawMessage.Of(new MessageId(77, 5), data: ["m5"]));
        _stream.Append(RawMessage.Of(new MessageId(77, 6), data: ["m6"]));
        await using var late = await TestNode.StartAsync(_stream, options => options.ReadBack = TimeSpan.Zero);
        _stream.Append(RawMessage.Of(new MessageId(77, 5), isSentAgain: true, data: ["m5"]));
        await one.Backplane.PublishAsync("n").WithinPatience();
        (await client.NextAsync(3)).Should().Equal("m5", "m6", "n");
        await late.Backplane.PublishAsync("o").WithinPatience();
        _stream.Append(RawMessage.Of(new MessageId(77, 6), isSentAgain: true, data: ["m6"]));
        await late.Backplane.PublishAsync("p").WithinPatience();

        await using var hopped = late.Connect(client.LastEventId);
        late.Publisher.Close();

        (await hopped.RestAsync()).Should().NotContain("m6");
    }

    [Fact]
    public async Task SentAgain_FirstTimeBeforeTheNodeBegan_WhoeverIsThereBeginsAnewBehindIt()
    {
        _stream.KeepOnlyNew(1);
        await using var late = await TestNode.StartAsync(_stream);
        await using var client = late.Connect();
        var before = await late.Backplane.PublishAsync("before").WithinPatience();

        var offset = _stream.Append(RawMessage.Of(new MessageId(77, 5), isSentAgain: true, data: ["m", "n"]));

        (await client.RestAsync()).Should().Equal("before");
        await late.Backplane.PublishAsync("after").WithinPatience();
        var epoch = before.Split('-')[0];
        foreach (var (position, resume) in new[]
        {
            (before, ResumeResult.Gap),
            ($"{epoch}-{EventPosition.Of(offset, 0)}", ResumeResult.Gap),
            ($"{epoch}-{EventPosition.Of(offset, 1)}", ResumeResult.Resumed),
        })
        {
            await using var again = late.Connect(position);
            again.Resume.Should().Be(resume, position);
        }
    }

    [Fact]
    public async Task SentAgain_TheWholeStreamHasBeenRead_IsDelivered()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();

        _stream.Append(RawMessage.Of(new MessageId(77, 5), isSentAgain: true, data: ["m"]));

        (await client.NextAsync()).Data.Should().Be("m", "its first time has never come");
    }

    [Fact]
    public async Task SentAgain_FirstTimeInWhatIsNoLongerKept_IsNotDeliveredTwiceToOneWhoHops()
    {
        var behindStream = new DelayedReads(_stream);
        await using var ahead = await TestNode.StartAsync(_stream);
        await using var behind = await TestNode.StartAsync(behindStream);
        await using var client = ahead.Connect();
        _stream.Append(RawMessage.Of(new MessageId(77, 5), data: ["before"]));
        behindStream.Hold();
        _stream.Append(RawMessage.Of(new MessageId(77, 6), data: ["m"]));
        (await client.NextAsync(2)).Should().Equal("before", "m");
        _stream.KeepOnlyNew(10);
        behindStream.Release();
        await ahead.Backplane.PublishAsync("n").WithinPatience();
        await client.NextAsync();
        await behind.Backplane.PublishAsync("o").WithinPatience();
        await using var hopped = behind.Connect(client.LastEventId);

        _stream.Append(RawMessage.Of(new MessageId(77, 6), isSentAgain: true, data: ["m"]));

        await behind.Backplane.PublishAsync("p").WithinPatience();
        behind.Publisher.Close();
        (await hopped.RestAsync()).Should().NotContain("m");
    }

    [Fact]
    public async Task SentAgain_MarkerOfANodeThatIsNotKnown_DisturbsNobody()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();

        _stream.Append(RawMessage.Of(new MessageId(77, 5), isSentAgain: true));
        await node.Backplane.PublishAsync("a").WithinPatience();

        (await client.NextAsync()).Data.Should().Be("a");
        client.EndReason.Should().BeNull();
    }

    [Fact]
    public async Task SentAgain_InANewEpoch_IsTheBeginningThatNobodyKnows()
    {
        _stream.KeepOnlyNew(1);
        var offset = _stream.Append(RawMessage.Of(new MessageId(77, 5), epoch: 0x1000UL << 32, isSentAgain: true, data: ["m"]));

        await using var node = await TestNode.StartAsync(_stream);

        await using var atIt = node.Connect($"{0x1000UL << 32:x16}-{EventPosition.Of(offset, 0)}");
        await using var beforeIt = node.Connect($"{0x1000UL << 32:x16}-{EventPosition.Before(offset)}");
        atIt.Resume.Should().Be(ResumeResult.Resumed);
        beforeIt.Resume.Should().Be(ResumeResult.Gap);
    }

    [Fact]
    public async Task Read_TheStreamForgetsFasterThanItIsRead_ClientsBeginAnew()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();
        var position = await node.Backplane.PublishAsync("a").WithinPatience();

        _stream.HoldReaders(true);
        _stream.Append(RawMessage.Of(new MessageId(77, 5), data: ["lost"]));
        _stream.KeepOnlyNew(3);
        _stream.Append(RawMessage.Of(new MessageId(77, 6), data: ["kept"]));
        _stream.HoldReaders(false);

        (await client.RestAsync()).Should().Equal("a");
        await using var again = node.Connect(position);
        again.Resume.Should().Be(ResumeResult.Gap);
    }

    [Fact]
    public async Task Start_ItsMarkerIsAmongWhatIsForgotten_CatchesUpAllTheSame()
    {
        _stream.Append(RawMessage.Of(new MessageId(77, 1), data: ["a"]));
        var reads = new DelayedReads(_stream);
        reads.Hold();
        var starting = TestNode.StartAsync(reads);
        await Limits.UntilAsync(() => _stream.Messages.Count == 2);

        _stream.KeepOnlyNew(3);
        reads.Release();

        await using var node = await starting.WithinPatience();
        await node.Backplane.PublishAsync("b").WithinPatience();
    }

    [Fact]
    public async Task Read_AnOffsetIsNoMessage_DisturbsNobody()
    {
        await using var node = await TestNode.StartAsync(_stream);
        await using var client = node.Connect();

        foreach (var data in new[] { "a", "b", "c" })
        {
            _stream.BeginFile();
            await node.Backplane.PublishAsync(data).WithinPatience();
        }

        (await client.NextAsync(3)).Should().Equal("a", "b", "c");
        client.EndReason.Should().BeNull();
    }

    [Fact]
    public async Task StreamMadeAnew_EventArrivesBeforeItsEpochIsKnown_IsSentAnewAndDelivered()
    {
        var transport = new OddTransport(_stream);
        await using var node = await TestNode.StartAsync(transport);
        await using var elsewhere = await TestNode.StartAsync(_stream);
        await node.Backplane.PublishAsync("before").WithinPatience();
        var taken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        transport.TakeAfter(taken.Task);
        var publishing = node.Backplane.PublishAsync("m");
        await Limits.UntilAsync(() => transport.IsWaiting);

        _stream.HoldReaders(true);
        _stream.Replace();
        taken.SetResult();
        await Limits.UntilAsync(() => _stream.Messages.Exists(IsM));
        _stream.HoldReaders(false);
        var position = await publishing.WithinPatience();
        var next = await elsewhere.Backplane.PublishAsync("next").WithinPatience();

        _stream.Messages.Count(IsM).Should().Be(2);
        position.Split('-')[0].Should().Be(next.Split('-')[0]);
        await using var resumed = elsewhere.Connect(position);
        resumed.Resume.Should().Be(ResumeResult.Resumed);
        (await resumed.NextAsync()).EventId.Should().Be(next);

        static bool IsM(byte[] body) =>
            MessageFormat.TryDecode(body, out var message) == DecodeResult.Decoded && message.Events.Any(each => each.Item.Data == "m");
    }

    [Fact]
    public async Task Log_Throws_BackplaneGoesOn() => await LogAsync(log => log.Throws = true);

    [Fact]
    public async Task Log_ThrowsWhenItIsAsked_BackplaneGoesOn() => await LogAsync(log => log.ThrowsEarly = true);

    private async Task LogAsync(Action<ThrowingLog> fail)
    {
        var log = new ThrowingLog();
        await using var backplane = NewBackplane(_stream, log);
        backplane.Start();
        await backplane.CaughtUp.WithinPatience();

        fail(log);
        _stream.Cut();
        await backplane.PublishAsync("x").WithinPatience();

        log.Thrown.Should().BePositive();
    }

    [Fact]
    public async Task PublishTimeout_OfMilliseconds_IsKept()
    {
        await using var node = await TestNode.StartAsync(_stream, options => options.PublishTimeout = TimeSpan.FromMilliseconds(5));
        _stream.Block("low on disk");

        var publish = () => node.Backplane.PublishAsync("a").WithinPatience();

        (await publish.Should().ThrowAsync<TimeoutException>()).Which.Message.Should().Contain("published");
    }

    [Fact]
    public void Decode_ManyChannels_TakesMemoryThatGoesWithTheirNumber()
    {
        const int channels = 5_000;
        var names = Enumerable.Range(0, channels).Select(number => $"u{number}").ToArray();
        var encoded = EventFormat.Encode(new SseItem<string>("m"), names, addedAt: 0);
        EventFormat.TryDecode(encoded, out _);

        var before = GC.GetAllocatedBytesForCurrentThread();
        EventFormat.TryDecode(encoded, out var decoded).Should().BeTrue();

        decoded.Channels.Count.Should().Be(channels);
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(400 * channels, "a copy for each would take 200 MB");
    }

    private static RabbitMQBackplane<string> NewBackplane(IStreamTransport transport, ILoggerFactory? log = null) => new(
        new Publisher<string>(),
        new Settings<string>(new RabbitMQBackplaneOptions<string>
        {
            ConnectionFactory = new ConnectionFactory(),
            LoggerFactory = log,
            PublishTimeout = Limits.Patience,
        }),
        transport);
}
