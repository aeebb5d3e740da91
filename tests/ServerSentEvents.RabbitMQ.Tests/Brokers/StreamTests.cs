using RabbitMQ.Client;
using ServerSentEvents.Backplane;
using ServerSentEvents.Testing.RabbitMQ;

namespace ServerSentEvents.RabbitMQ.Tests.Brokers;

/// <summary>Tests the stream at the broker: its retention, its connections, and a log that loses messages.</summary>
[Collection(nameof(BrokersInTurn))]
public sealed class StreamTests(SingleBroker broker)
{
    /// <summary>The smallest segment of the broker's log holds two of these.</summary>
    private const int LargeEvent = 40_000;

    private readonly string _stream = $"stream-{Guid.NewGuid():N}";

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stream_CreatedByANode_HasTheRetentionOfTheOptions(bool isLimited)
    {
        await using var node = await TestNode.StartAsync(broker.Open(_stream, options =>
        {
            options.MaxAge = isLimited ? TimeSpan.FromHours(1) : null;
            options.MaxBytes = isLimited ? 5_000_000 : null;
        }));

        var arguments = (await broker.ListAsync("list_queues", "name", "arguments"))
            .Single(line => line.StartsWith(_stream, StringComparison.Ordinal));

        arguments.Should().Contain("stream");
        if (isLimited)
            arguments.Should().Contain("3600s").And.Contain("5000000").And.Contain("500000");
        else
            arguments.Should().NotContain("x-max-");
    }

    [SkippableFact]
    public async Task Connections_TwoNodesAndManyClientsThroughALoss_AreOneForEachDirection()
    {
        await using var one = await TestNode.StartAsync(broker.Open(_stream));
        await using var other = await TestNode.StartAsync(broker.Open(_stream));
        var clients = Enumerable.Range(0, 100).Select(number => (number % 2 == 0 ? one : other).Connect()).ToList();
        await one.PublishAsync("a");
        var before = await ListConnectionsAsync([]);

        await broker.Nodes[0].CtlAsync("close_all_connections", "test");
        await Limits.UntilAsync(() => new[] { one, other }.All(node =>
            node.Backplane.IsCaughtUp && node.Log.Warnings.Any(text => text.Contains("no connection for reading", StringComparison.Ordinal))));
        await other.PublishAsync("b");

        await ListConnectionsAsync(before);
        foreach (var client in clients)
        {
            (await client.NextAsync(2)).Should().Equal("a", "b");
            await client.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task Read_BrokerBeginsSegmentsOfItsLog_NoClientIsDisturbed()
    {
        const int count = 150;
        await using var node = await TestNode.StartAsync(broker.Open(_stream, options => options.MaxBytes = 20_000_000));
        await using var client = node.Connect();

        for (var number = 0; number < count; number++)
            await node.PublishAsync($"{number}:{new string('x', LargeEvent)}");

        (await client.NextAsync(count)).Select(data => data.Split(':')[0]).Should().Equal(TestNode.Numbered("", count));
        client.EndReason.Should().BeNull();
        broker.CountFiles("*.segment").Should().BeGreaterThan(2);
    }

    [SkippableFact]
    public async Task Read_BrokerRemovesMessagesBeforeTheyAreRead_EndsSubscriptions()
    {
        using var goOn = new ManualResetEventSlim();
        await using var writer = await TestNode.StartAsync(Small());
        await using var slow = await TestNode.StartAsync(Small(), options => options.Personalize = (item, _) =>
        {
            goOn.Wait(Limits.Patience);
            return item;
        });
        await using var client = slow.Connect();

        try
        {
            // More than what can be on its way to the slow node, and what the broker keeps.
            for (var round = 0; round < 40; round++)
                await writer.PublishAsync(new string('x', LargeEvent), count: 16);
        }
        finally
        {
            goOn.Set();
        }

        await writer.PublishAsync("last");
        (await client.RestAsync()).Should().NotContain("last", "messages before it are lost");
        slow.Log.Warnings.Should().Contain(text => text.Contains("may be lost", StringComparison.Ordinal));

        IStreamTransport Small() => broker.Open(_stream, options => (options.MaxBytes, options.MaxEventBytes) = (1_000_000, 50_000));
    }

    /// <summary>Tests that the age of the events that a node reads back is measured by the broker's clock.</summary>
    [SkippableFact]
    public async Task Start_ClockOfTheNodeIsHoursOff_ReadsBackTheEvents()
    {
        await using var one = await TestNode.StartAsync(broker.Open(_stream));
        await using var client = one.Connect();
        await one.PublishAsync("a");
        await one.PublishAsync("b");
        await client.NextAsync();

        await using var ahead = await TestNode.StartAsync(
            broker.Open(_stream), options => options.TimeProvider = new ShiftedClock(TimeSpan.FromHours(5)));
        await using var resumed = ahead.Connect(client.LastEventId);

        resumed.Resume.Should().Be(ResumeResult.Resumed);
        (await resumed.NextAsync()).Data.Should().Be("b");
    }

    [SkippableFact]
    public async Task Read_QuietForLongerThanTheConsumerTimeout_KeepsTheConnection()
    {
        const string Reason = "delivery acknowledgement on channel";
        RabbitMQPrograms.Require();
        await SetTimeoutsAsync(consumer: 12_000, tick: 200);
        try
        {
            await using var node = await TestNode.StartAsync(broker.Open(_stream));
            await using var client = node.Connect();
            await node.PublishAsync("a");

            (await WaitUntilClosedAsync()).Should().Contain(Reason);

            await node.PublishAsync("b");
            (await client.NextAsync(2)).Should().Equal("a", "b");
            node.Log.Warnings.Should().NotContain(line => line.Contains(Reason, StringComparison.Ordinal));
        }
        finally
        {
            await SetTimeoutsAsync(consumer: 1_800_000, tick: 60_000);
        }
    }

    private Task<string> SetTimeoutsAsync(int consumer, int tick) => broker.Nodes[0].CtlAsync("eval", FormattableString.Invariant(
        $"application:set_env(rabbit, consumer_timeout, {consumer}), application:set_env(rabbit, channel_tick_interval, {tick})."));

    /// <summary>Reads the stream without acknowledgements until the broker closes the channel, and returns the broker's text.</summary>
    private async Task<string> WaitUntilClosedAsync()
    {
        await using var connection = await PrivateBroker.NewFactory().CreateConnectionAsync(broker.Endpoints);
        await using var channel = await connection.CreateChannelAsync();
        var closed = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        channel.ChannelShutdownAsync += (_, reason) => Task.FromResult(closed.TrySetResult(reason.ReplyText));
        await channel.BasicQosAsync(0, prefetchCount: 10, global: false);
        var arguments = new Dictionary<string, object?>(StringComparer.Ordinal) { ["x-stream-offset"] = "first" };
        await channel.BasicConsumeAsync(
            _stream, autoAck: false, "", noLocal: false, exclusive: false, arguments, new AsyncDefaultBasicConsumer(channel));
        return await closed.Task.WithinPatience();
    }

    /// <summary>Waits until the broker lists four running connections, none of them an earlier one, and returns them.</summary>
    private async Task<string[]> ListConnectionsAsync(string[] earlier)
    {
        string[] connections = [];
        // A connection that is being opened or closed is listed for a moment.
        await Limits.UntilAsync(
            async () =>
            {
                var lines = await broker.ListAsync("list_connections", "pid", "state");
                connections = [.. lines.Where(line => !line.StartsWith("pid", StringComparison.Ordinal))];
                return connections.Length == 4 && !connections.Intersect(earlier, StringComparer.Ordinal).Any()
                    && connections.All(line => line.Contains("running", StringComparison.Ordinal));
            },
            "each of the two nodes has one connection for each direction");
        return connections;
    }

    private sealed class ShiftedClock(TimeSpan shift) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + shift;
    }
}
