using System.Net;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>Tests the two nodes of the cluster with clients without a browser.</summary>
[Collection(nameof(OneBroker))]
public sealed class ClusterTests(SingleBroker broker)
{
    [SkippableFact]
    public async Task Message_OnEitherNode_ReachesReadersOfBothNodes()
    {
        using var cluster = await ClusterServer.StartAsync(broker);
        await using var a = await ClusterReader.OpenAtAsync(cluster, "A", pageSecret: "secret-a");
        await using var b = await ClusterReader.OpenAtAsync(cluster, "B", pageSecret: "secret-b");

        await cluster.SayAsync("from a", pageSecret: "secret-a");
        await cluster.SayAsync("from b", pageSecret: "secret-b");
        await a.ReadToAsync("from b");
        await b.ReadToAsync("from b");

        a.Texts.Should().Equal("from a", "from b");
        b.Texts.Should().Equal("from a", "from b");
        a.Messages.Select(message => message.GetProperty("mine").GetBoolean()).Should().Equal(true, false);
        b.Messages.Select(message => message.GetProperty("mine").GetBoolean()).Should().Equal(false, true);
        a.Messages.Concat(b.Messages).Should().NotContain(message => message.GetRawText().Contains("secret"));
    }

    [SkippableFact]
    public async Task Node_StoppedDuringMessages_ReadersContinueAtOtherNodeWithoutLossOrRepeat()
    {
        const int Count = 300;
        using var cluster = await ClusterServer.StartAsync(broker);
        await using var moving = await ClusterReader.OpenAtAsync(cluster, "A");
        await using var staying = await ClusterReader.OpenAtAsync(cluster, "B");
        string[] texts = [.. Enumerable.Range(0, Count).Select(i => $"message {i}")];

        var writing = WriteAsync();
        await moving.ReadToAsync(texts[50]);
        await cluster.StopNodeAsync(moving);
        await moving.ReadToAsync(texts[^1]);
        await staying.ReadToAsync(texts[^1]);
        await writing;

        moving.Welcomes.Should().StartWith(["NotRequested", "Resumed"]).And.NotContain("Gap");
        staying.Welcomes.Should().Equal("NotRequested");
        moving.Texts.Should().Equal(texts);
        staying.Texts.Should().Equal(texts);
        moving.EventIds.Should().OnlyHaveUniqueItems();
        moving.EventIds.Should().ContainInConsecutiveOrder(staying.EventIds.TakeLast(Count));

        async Task WriteAsync()
        {
            foreach (var text in texts)
                await cluster.SayAsync(text);
        }
    }

    [SkippableFact]
    public async Task LoadBalancer_Stopped_EndsItsNodesWithinSeconds()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no signals to send.");
        using var cluster = await ClusterServer.StartAsync(broker);
        await using var a = await ClusterReader.OpenAtAsync(cluster, "A");
        await using var b = await ClusterReader.OpenAtAsync(cluster, "B");

        await cluster.StopAsync();

        await cluster.UntilNodesHaveEndedAsync();
    }

    [SkippableFact]
    public async Task LoadBalancer_Killed_NodesEnd()
    {
        using var cluster = await ClusterServer.StartAsync(broker);
        await using var a = await ClusterReader.OpenAtAsync(cluster, "A");

        await cluster.KillAsync();

        await cluster.UntilNodesHaveEndedAsync();
    }

    [Theory]
    [InlineData("amqp://guest:guest@127.0.0.1", "rabbitmq-server")]
    [InlineData("redis://127.0.0.1", "redis-server")]
    public async Task Broker_Missing_ConsoleAndPageNameInstallCommand(string address, string package)
    {
        using var port = new ClosedPort();
        using var cluster = await ClusterServer.StartAsync($"{address}:{port.Number}");
        using var client = cluster.NewClient();

        // The server does not answer a stream: after an error status, a browser would stop reconnecting.
        var stream = () => client.GetAsync("events?pageSecret=m");
        await stream.Should().ThrowAsync<HttpRequestException>();
        client.DefaultRequestHeaders.Add("Accept", "text/html");
        using var response = await client.GetAsync("/");

        response.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        (await response.Content.ReadAsStringAsync()).Should()
            .Contain("docker run").And.Contain($"apt-get install {package}").And.NotContain("guest");
        await Limits.UntilAsync(() => cluster.Output.Contains($"apt-get install {package}", StringComparison.Ordinal));
        if (!OperatingSystem.IsWindows())
            await cluster.StopAsync();
    }
}
