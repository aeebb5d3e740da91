namespace ServerSentEvents.RabbitMQ.Tests.Brokers;

/// <summary>What the backplane has of a broker: connections, a stream with its retention, and a log that forgets.</summary>
[Collection(nameof(BrokersInTurn))]
public sealed class StreamTests(SingleBroker broker) : IClassFixture<SingleBroker>
{
    /// <summary>Of the smallest that can be kept, files of which hold two of these.</summary>
    private const int LargeEvent = 40_000;

    private readonly string _stream = $"stream-{Guid.NewGuid():N}";

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stream_MadeByANode_HasTheRetentionOfTheOptions(bool isLimited)
    {
        await using var node = await TestNode.StartAsync(broker.Open(_stream, options =>
        {
            options.MaxAge = isLimited ? TimeSpan.FromHours(1) : null;
            options.MaxBytes = isLimited ? 1_000_000 : null;
        }));

        var arguments = (await broker.ListAsync("list_queues", "name", "arguments"))
            .Single(line => line.StartsWith(_stream, StringComparison.Ordinal));

        arguments.Should().Contain("stream");
        if (isLimited)
            arguments.Should().Contain("3600s").And.Contain("1000000").And.Contain("100000");
        else
            arguments.Should().NotContain("x-max-");
    }

    [SkippableFact]
    public async Task Connections_TwoNodesAndManyClientsThroughALoss_AreOneForEachDirection()
    {
        await using var one = await TestNode.StartAsync(broker.Open(_stream));
        await using var other = await TestNode.StartAsync(broker.Open(_stream));
        var clients = Enumerable.Range(0, 100).Select(number => (number % 2 == 0 ? one : other).Connect()).ToList();
        await one.Backplane.PublishAsync("a").WithinPatience();
        var before = await ListConnectionsAsync();

        await broker.Nodes[0].CtlAsync("close_all_connections", "test");
        await Limits.UntilAsync(() => new[] { one, other }.All(node =>
            node.Backplane.IsCaughtUp && node.Log.Warnings.Any(text => text.Contains("is lost", StringComparison.Ordinal))));
        await other.Backplane.PublishAsync("b").WithinPatience();

        before.Should().HaveCount(4);
        (await ListConnectionsAsync()).Should().HaveCount(4).And.NotIntersectWith(before);
        foreach (var client in clients)
        {
            (await client.NextAsync(2)).Should().Equal("a", "b");
            await client.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task Read_TheBrokerBeginsFilesOfItsLog_NobodyIsDisturbed()
    {
        const int count = 150;
        await using var node = await TestNode.StartAsync(broker.Open(_stream, options => options.MaxBytes = 20_000_000));
        await using var client = node.Connect();

        for (var number = 0; number < count; number++)
            await node.Backplane.PublishAsync($"{number}:{new string('x', LargeEvent)}").WithinPatience();

        (await client.NextAsync(count)).Select(data => data.Split(':')[0]).Should()
            .Equal(Enumerable.Range(0, count).Select(number => $"{number}"));
        client.EndReason.Should().BeNull();
        broker.CountFiles("*.segment").Should().BeGreaterThan(2);
    }

    [SkippableFact]
    public async Task Read_TheBrokerForgetsFasterThanANodeReads_ItsClientsBeginAnew()
    {
        using var goOn = new ManualResetEventSlim();
        await using var writer = await TestNode.StartAsync(Small());
        await using var slow = await TestNode.StartAsync(Small(), options => options.Personalise = (item, _) =>
        {
            goOn.Wait(Limits.Patience);
            return item;
        });
        await using var client = slow.Connect();

        try
        {
            // More than what may be on its way to the slow one, and what the broker keeps.
            for (var round = 0; round < 40; round++)
            {
                await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => writer.Backplane.PublishAsync(new string('x', LargeEvent))))
                    .WithinPatience();
            }
        }
        finally
        {
            goOn.Set();
        }

        await writer.Backplane.PublishAsync("last").WithinPatience();
        (await client.RestAsync()).Should().NotContain("last", "what came before it is lost");
        slow.Log.Warnings.Should().Contain(text => text.Contains("is no longer kept", StringComparison.Ordinal));

        Internal.IStreamTransport Small() => broker.Open(_stream, options => options.MaxBytes = 1_000_000);
    }

    private async Task<string[]> ListConnectionsAsync()
    {
        var connections = Array.Empty<string>();
        // One that is just being closed is listed for a moment.
        await Limits.UntilAsync(async () => (connections = await broker.ListAsync("list_connections", "pid", "state"))
            .All(line => line.Contains("running", StringComparison.Ordinal) || line.StartsWith("pid", StringComparison.Ordinal)));
        return [.. connections.Where(line => !line.StartsWith("pid", StringComparison.Ordinal))];
    }
}
