using System.Globalization;
using System.Text.RegularExpressions;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>Tests each option of the load test in a short run.</summary>
[Trait("Category", "Slow")]
public sealed class LoadTestTests
{
    private const string Clients = "20";
    private const string Events = "200";
    private const double Rate = 500;

    /// <summary>The rate of 20 clients, for the 199 intervals between 200 events.</summary>
    private const double MostDeliveriesPerSecond = Rate * 20 * 200 / 199;

    [SkippableTheory]
    [InlineData("ours")]
    [InlineData("channel")]
    [InlineData("typed-results")]
    [InlineData("nchan")]
    [InlineData("bare")]
    [InlineData("bare-batch")]
    public async Task Run_FewClientsAndEvents_CountsEveryDelivery(string kind)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The load test needs Linux.");
        var (exitCode, output) = await LoadTestProgram.RunAsync(
            "--only", kind, "--clients", Clients, "--events", Events, "--warm-up", "0", "--in-flight", "8,8p,1", "--rounds", "1",
            "--idle", "100");

        // The output names the command that installs nchan. Tool.Require decides whether nchan may be missing.
        Tool.Require(!output.Contains("Left out", StringComparison.Ordinal), output, Environment.GetEnvironmentVariable("CI"));
        exitCode.Should().Be(0, output);
        CountOf($"{kind}: 4,000 deliveries,", output).Should().Be(3, output);
        output.Should().Contain("idle connections, KB |");
    }

    [SkippableTheory]
    [InlineData("ours")]
    [InlineData("bare")]
    public async Task Run_Rate_PublishesNoEventBeforeItIsDue(string kind)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The load test needs Linux.");
        var (exitCode, output) = await LoadTestProgram.RunAsync(
            "--only", kind, "--clients", Clients, "--events", Events, "--warm-up", "0", "--rate", "500", "--rounds", "1", "--idle", "0");

        exitCode.Should().Be(0, output);
        var line = Regex.Match(
            output, $"500 a second at fixed times, round 1: {kind}: 4,000 deliveries, ([0-9,]+) a second", RegexOptions.None, Limits.Patience);
        line.Success.Should().BeTrue(output);
        double.Parse(line.Groups[1].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture)
            .Should().BeLessThanOrEqualTo(MostDeliveriesPerSecond + 1).And.BePositive();
    }

    [SkippableTheory]
    [InlineData("20 clients over HTTP/2, 7 to a connection over TLS, events of 10,240 bytes", "--http2", "7", "--tls", "true", "--bytes", "10240")]
    [InlineData("20 clients, personalized, events of 100 bytes", "--personalized", "true")]
    [InlineData("20 clients, 2 work items of 10 ms in the thread pool, events of 100 bytes", "--background", "2")]
    public async Task Run_OptionOfKestrel_CountsEveryDeliveryOfServersOnKestrel(string title, params string[] options)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The load test needs Linux.");
        var (exitCode, output) = await LoadTestProgram.RunAsync(
            [.. options, "--clients", Clients, "--events", Events, "--warm-up", "0", "--in-flight", "8", "--rounds", "1", "--idle", "0"]);

        exitCode.Should().Be(0, output);
        CountOf(": 4,000 deliveries,", output).Should().Be(3, output);
        output.Should().Contain(title).And.Contain("Not measured with these options: bare-batch.")
            .And.NotContain("bare: ").And.NotContain("nchan: ");
    }

    [SkippableFact]
    public async Task Run_TwoNodesOverEachBroker_EachReceivesEveryEvent()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The load test needs Linux.");
        var (exitCode, output) = await LoadTestProgram.RunAsync(
            "--nodes", "2", "--broker", "rabbitmq,redis", "--clients", "2", "--events", "50", "--warm-up", "1", "--in-flight", "8", "--rounds", "1");

        // The output names the command that installs the broker.
        Tool.Require(!output.Contains("apt-get install", StringComparison.Ordinal), output, Environment.GetEnvironmentVariable("CI"));
        exitCode.Should().Be(0, output);
        string[] names = ["rabbitmq", "redis"];
        foreach (var name in names)
        {
            // Both nodes publish 50 events. Then one node publishes to the other node, which has two clients with the library and
            // one client without the library.
            output.Should().Contain($"{name}, 2 nodes, 8 in flight, round 1: ours: 100 events at each,")
                .And.Contain($"{name}, 2 nodes, 8 in flight, round 1: bare: 100 events at each,")
                .And.Contain($"{name}, 2 nodes, round 1: ours: 100 latencies,")
                .And.Contain($"{name}, 2 nodes, round 1: bare: 50 latencies,");
        }

        CountOf("2 clients at each node", output).Should().Be(names.Length, output);
        CountOf("latency from publishing", output).Should().Be(names.Length, output);
    }

    [SkippableFact]
    public async Task Run_UnknownOption_ListsTheOptions()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The load test needs Linux.");
        var (exitCode, output) = await LoadTestProgram.RunAsync("--client", "1");

        exitCode.Should().Be(2);
        output.Should().Contain("--client is not an option").And.Contain("--in-flight W").And.Contain("--broker B")
            .And.Contain("--soak A,B").And.Contain("--storm J,K");
    }

    [SkippableTheory]
    [InlineData("--http2", "101", "--http2 is a number from 1 to 100")]
    [InlineData("--tls", "yes", "--tls is true or false")]
    [InlineData("--rate", "10,1001", "--rate is a number from 0 to 1000")]
    [InlineData("--soak", "http1,http3", "There is no phase 'http3'. The phases are: http1, tls, http2, rabbitmq, redis")]
    [InlineData("--storm", "10,601", "--storm is a number from 0 to 600")]
    [InlineData("--broker", "redis,kafka", "There is no broker 'kafka'. The brokers are: rabbitmq, redis")]
    public async Task Run_ValueOutOfRange_NamesTheRange(string option, string value, string message)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The load test needs Linux.");
        var (exitCode, output) = await LoadTestProgram.RunAsync(option, value);

        exitCode.Should().Be(2);
        output.Should().Contain(message);
    }

    private static int CountOf(string text, string output) => Regex.Count(output, text, RegexOptions.None, Limits.Patience);
}
