using System.Net.ServerSentEvents;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using ServerSentEvents.RabbitMQ.Internal;

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
    public async Task Log_Throws_BackplaneGoesOn()
    {
        var log = new ThrowingLog();
        await using var backplane = NewBackplane(_stream, log);
        backplane.Start();
        await backplane.CaughtUp.WithinPatience();

        log.Throws = true;
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
