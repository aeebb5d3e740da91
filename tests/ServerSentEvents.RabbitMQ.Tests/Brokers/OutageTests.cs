using System.Diagnostics;
using System.Reflection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Xunit.Abstractions;

namespace ServerSentEvents.RabbitMQ.Tests.Brokers;

/// <summary>Tests outages of a broker of one node, and pauses of a node of the application.</summary>
[Collection(nameof(BrokersInTurn))]
public sealed class OutageTests(SingleBroker broker, ITestOutputHelper output)
{
    private const int SigStop = 19;
    private const int SigCont = 18;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private readonly string _stream = $"stream-{Guid.NewGuid():N}";

    [SkippableFact]
    public async Task SwitchingNodes_NoOutage_EachEventArrivesOnceInOrder()
    {
        await using var one = await StartNodeAsync();
        await using var other = await StartNodeAsync();

        await new SwitchingClients([one, other], clients: 100, events: 20_000, output).RunAsync("running");
    }

    [SkippableFact]
    public async Task SwitchingNodes_BrokerStopsAndStarts_EachEventArrivesOnceInOrder()
    {
        await using var one = await StartNodeAsync();
        await using var other = await StartNodeAsync();

        await new SwitchingClients([one, other], clients: 100, events: 20_000, output).RunAsync("stopped and started", async () =>
        {
            await broker.StopAsync();
            await broker.StartAsync();
        });
    }

    [SkippableFact]
    public async Task Alarm_DiskFull_PublishersGetTheReasonAndGoOnLater()
    {
        await using var one = await StartNodeAsync(options => options.PublishTimeout = TimeSpan.FromSeconds(5));
        await using var other = await StartNodeAsync();
        await using var client = other.Connect();
        await other.PublishAsync("before");
        var waiting = 0;
        await broker.Nodes[0].CtlAsync("set_disk_free_limit", "9000000000000000");
        try
        {
            // The broker announces a block only when it receives a message. It can still take the first one.
            for (var number = 0; !IsBlocked(); number++)
                await one.TryPublishAsync($"sent{number}");
            await Limits.UntilAsync(IsNotPublishedAsync, "the reason is in the exception");
            await using var starting = TestNode.Start(broker.Open(_stream));
            await Limits.UntilAsync(() => starting.Backplane.CheckHealth(HealthStatus.Unhealthy).Description!.Contains(
                "The broker blocks publishers (low on disk)", StringComparison.Ordinal));
        }
        finally
        {
            await broker.Nodes[0].CtlAsync("set_disk_free_limit", "1MB");
        }

        await other.PublishAsync("after");
        await Limits.UntilAsync(() => one.TryPublishAsync("last"));
        var seen = new List<string>();
        while (seen.LastOrDefault() != "last")
            seen.Add((await client.NextAsync()).Data);
        seen.Should().StartWith("before").And.Contain("after").And.NotContain($"waits{waiting}").And.OnlyHaveUniqueItems();

        // A connection that is lost in between has another reason. The next one does not know of the block, and sends a message.
        async Task<bool> IsNotPublishedAsync()
        {
            var failure = await Record.ExceptionAsync(() => one.PublishAsync($"waits{++waiting}"));
            return failure is TimeoutException && failure.Message.StartsWith("Not published ", StringComparison.Ordinal)
                && failure.Message.Contains("the broker blocks publishers (low on disk)", StringComparison.Ordinal);
        }

        bool IsBlocked() => one.Log.Warnings.Any(text => text.Contains("blocks publishers", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Node_PausedForTenSeconds_CatchesUp()
    {
        await using var node = await StartNodeAsync();
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var last = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var path = typeof(OutageTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "Node").Value!;
        await using var process = new ChildProcess(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            [path, $"amqp://guest:guest@127.0.0.1:{broker.Nodes[0].Port}", _stream],
            new Dictionary<string, string>(StringComparer.Ordinal),
            line => (line == "ready" ? ready : line.EndsWith(" last", StringComparison.Ordinal) ? last : null)?.TrySetResult());
        await ready.Task.WithinPatience();
        await using var client = node.Connect();

        process.Signal(SigStop);
        await Limits.UntilAsync(() => IsStopped(process));
        var linesBefore = process.Output.Count(character => character == '\n');
        var count = 0;
        for (var stopwatch = Stopwatch.StartNew(); stopwatch.Elapsed < Pause; count++)
            await node.PublishAsync($"{count}");
        process.Output.Count(character => character == '\n').Should().Be(linesBefore);
        process.Signal(SigCont);
        var catchingUp = Stopwatch.StartNew();
        await node.PublishAsync("last");
        await last.Task.WithinPatience();

        output.WriteLine($"paused: {count} events in {Pause.TotalSeconds} s, caught up in {catchingUp.Elapsed.TotalMilliseconds:F0} ms");
        var expected = new List<string>();
        for (var i = 0; i <= count; i++)
            expected.Add(await client.NextAsync() is var item ? $"{item.EventId} {item.Data}" : "");
        process.Output.Split('\n').Skip(1).Should().Equal(expected);
    }

    /// <summary>Returns whether Linux says that a process is stopped, after its name.</summary>
    private static bool IsStopped(ChildProcess process) =>
        File.ReadAllText($"/proc/{process.Id}/stat").Split(") ")[^1].StartsWith('T');

    private async Task<TestNode> StartNodeAsync(Action<TestOptions>? configure = null) =>
        await TestNode.StartAsync(broker.Open(_stream), configure);
}
