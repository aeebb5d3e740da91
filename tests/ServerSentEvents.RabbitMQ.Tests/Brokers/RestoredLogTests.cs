using ServerSentEvents.Testing.RabbitMQ;

namespace ServerSentEvents.RabbitMQ.Tests.Brokers;

/// <summary>Tests a broker that restarts with an earlier copy of its files, and nodes that start after that.</summary>
[Collection(nameof(OwnBrokersInTurn))]
public sealed class RestoredLogTests
{
    private const string Stream = "restored";

    [SkippableFact]
    public async Task Resume_LogRestoredFromAnEarlierCopy_EndsTheClientThatIsAheadAndIsAGapLater()
    {
        RabbitMQPrograms.Require();
        var broker = new SingleBroker();
        var copy = Directory.CreateTempSubdirectory("sse-copy-").FullName;
        try
        {
            await broker.InitializeAsync();
            string? lastEventId;
            await using (var node = await TestNode.StartAsync(broker.Open(Stream)))
            {
                await using var client = node.Connect();
                await PublishAsync(node, "a", 100);
                await client.NextAsync(100);
                await broker.StopAsync();
                CopyFolder(broker.Home, copy);
                await broker.StartAsync();
                await PublishAsync(node, "lost", 100);
                await client.NextAsync(100);
                lastEventId = client.LastEventId;
            }

            await broker.StopAsync();
            CopyFolder(copy, broker.Home);
            await broker.StartAsync();
            await using var fresh = await TestNode.StartAsync(broker.Open(Stream));
            await PublishAsync(fresh, "new", 10);

            // The id is ahead of the stream, until that has grown past it.
            await using var ahead = fresh.Connect(lastEventId);
            await PublishAsync(fresh, "more", 200);
            (await ahead.RestAsync()).Should().BeEmpty("the client must not go on as if it had the events before");
            await using var again = fresh.Connect(lastEventId);
            again.Resume.Should().Be(ResumeResult.Gap);
        }
        finally
        {
            await broker.DisposeAsync();
            Directory.Delete(copy, recursive: true);
        }
    }

    private static async Task PublishAsync(TestNode node, string prefix, int count)
    {
        foreach (var data in TestNode.Numbered(prefix, count))
            await node.PublishAsync(data);
    }

    private static void CopyFolder(string from, string to)
    {
        foreach (var file in Directory.GetFiles(to, "*", SearchOption.AllDirectories).Where(file => file.Contains("mnesia", StringComparison.Ordinal)))
            File.Delete(file);
        foreach (var folder in Directory.GetDirectories(from, "*", SearchOption.AllDirectories))
            Directory.CreateDirectory(folder.Replace(from, to, StringComparison.Ordinal));
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
            File.Copy(file, file.Replace(from, to, StringComparison.Ordinal), overwrite: true);
    }
}
