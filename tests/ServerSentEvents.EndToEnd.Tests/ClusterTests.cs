using System.Net;
using ServerSentEvents.RabbitMQ.Tests.Brokers;
using Polling = ServerSentEvents.RabbitMQ.Tests.Limits;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>The two nodes as clients without a browser see them.</summary>
[Collection(nameof(OneBroker))]
public sealed class ClusterTests(SingleBroker broker)
{
    [SkippableFact]
    public async Task Message_OnWhicheverNode_ReachesTheReadersOfBoth()
    {
        using var cluster = await ClusterServer.StartAsync(broker);
        await using var a = await ClusterReader.OpenAtAsync(cluster, "A", member: "secret-a");
        await using var b = await ClusterReader.OpenAtAsync(cluster, "B", member: "secret-b");

        await cluster.SayAsync("from a", member: "secret-a");
        await cluster.SayAsync("from b", member: "secret-b");
        await a.ReadToAsync("from b");
        await b.ReadToAsync("from b");

        a.Texts.Should().Equal("from a", "from b");
        b.Texts.Should().Equal("from a", "from b");
        a.Messages.Select(message => message.GetProperty("mine").GetBoolean()).Should().Equal(true, false);
        b.Messages.Select(message => message.GetProperty("mine").GetBoolean()).Should().Equal(false, true);
        a.Messages.Concat(b.Messages).Should().NotContain(message => message.GetRawText().Contains("secret"));
    }

    [SkippableFact]
    public async Task Node_StoppedWhileOthersWrite_ReadersGoOnAtTheOtherWithNothingLostAndNothingTwice()
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

        moving.Welcomes.Should().StartWith(["new", "resumed"]).And.NotContain("gap");
        staying.Welcomes.Should().Equal("new");
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
    public async Task Newcomer_AtANodeThatHasStartedAgain_GetsWhatWasSaidBefore()
    {
        using var cluster = await ClusterServer.StartAsync(broker);
        await using var before = await ClusterReader.OpenAtAsync(cluster, "A");
        await cluster.SayAsync("one");
        await cluster.SayAsync("two");
        await before.ReadToAsync("two");

        await cluster.StopNodeAsync(before);
        await before.ReadUntilAsync(() => before.Node == "B");
        await cluster.UntilReadyAsync("A", times: 2);
        await using var atA = await ClusterReader.OpenAtAsync(cluster, "A");
        await using var atB = await ClusterReader.OpenAtAsync(cluster, "B");
        await cluster.SayAsync("three");

        foreach (var reader in new[] { before, atA, atB })
        {
            await reader.ReadToAsync("three");
            reader.Texts.Should().Equal("one", "two", "three");
            reader.EventIds.Should().OnlyHaveUniqueItems();
            reader.Notices.Where(notice => notice.Node == "A").Select(notice => notice.What).Should().SatisfyRespectively(
                told => told.Should().StartWith("is told to stop"),
                started => started.Should().Be("has started"));
        }

        atA.Run.Should().NotBe(before.Run);
    }

    [SkippableFact]
    public async Task Entrance_ToldToStop_EndsWithItsNodesWithinSeconds()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no signals to send.");
        using var cluster = await ClusterServer.StartAsync(broker);
        await using var a = await ClusterReader.OpenAtAsync(cluster, "A");
        await using var b = await ClusterReader.OpenAtAsync(cluster, "B");

        await cluster.StopAsync();

        await cluster.UntilNodesHaveEndedAsync();
    }

    [SkippableFact]
    public async Task Entrance_Killed_NodesEndByThemselves()
    {
        using var cluster = await ClusterServer.StartAsync(broker);
        await using var a = await ClusterReader.OpenAtAsync(cluster, "A");

        await cluster.KillAsync();

        await cluster.UntilNodesHaveEndedAsync();
    }

    [Fact]
    public async Task Broker_Missing_ConsoleAndPageSayHowToGetOne()
    {
        using var cluster = await ClusterServer.StartAsync(FreePort.Find(1)[0]);
        using var client = cluster.NewClient();

        // A stream is to get no answer, or a browser would give up for good.
        var stream = () => client.GetAsync("events?member=m");
        await stream.Should().ThrowAsync<HttpRequestException>();
        client.DefaultRequestHeaders.Add("Accept", "text/html");
        using var response = await client.GetAsync("/");

        response.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        (await response.Content.ReadAsStringAsync()).Should()
            .Contain("docker run").And.Contain("apt-get install rabbitmq-server").And.NotContain("guest");
        await Polling.UntilAsync(() => cluster.Output.Contains("apt-get install rabbitmq-server", StringComparison.Ordinal));
        if (!OperatingSystem.IsWindows())
            await cluster.StopAsync();
    }
}
