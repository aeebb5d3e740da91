namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>Tests a short soak and a small storm of the load test.</summary>
[Trait("Category", "Slow")]
public sealed class SoakTests
{
    [SkippableFact]
    public async Task Run_Soak_DeliversEveryEventOnceAndLeavesNothing()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The load test needs Linux.");
        string[] phases = ["http1", "http2", "redis"];
        var (exitCode, output) = await LoadTestProgram.RunAsync(
            "--soak", string.Join(',', phases), "--clients", "200", "--seconds", "60", "--rate", "50", "--seed", "1",
            "--faults", "1");

        // The output names the command that installs the broker.
        Tool.Require(!output.Contains("apt-get install", StringComparison.Ordinal), output, Environment.GetEnvironmentVariable("CI"));
        exitCode.Should().Be(0, output);
        foreach (var phase in phases)
        {
            // Events, deliveries, faults of the broker, cut connections, resumes, ended clients, gaps, and no violation.
            var faults = phase == "redis" ? "[1-9][0-9]*" : "0";
            output.Should().MatchRegex($@"\| {phase} \| ([1-9][0-9,]* \| ){{2}}{faults} \| ([1-9][0-9,]* \| ){{3}}[0-9,]+ \| 0 \|");
            output.Should().MatchRegex($@"\| {phase} 1 \| .* \| 0 \|\n");
        }

        output.Should().MatchRegex(@"\| redis 2 \| .* \| 0 \|\n");
    }

    [SkippableFact]
    public async Task Run_Storm_AllClientsReconnect()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The load test needs Linux.");
        var (exitCode, output) = await LoadTestProgram.RunAsync("--storm", "0,2", "--clients", "100");

        exitCode.Should().Be(0, output);
        string[] servers = ["shuts down", "is killed"];
        foreach (var server in servers)
        {
            foreach (var jitter in (int[])[0, 2])
            {
                // Half, 99 % and all of the clients. Each waits for the interval of one second at least.
                output.Should().MatchRegex($@"\| {server} \| {jitter} \| ([1-9][0-9]*\.[0-9] \| ){{3}}");
            }
        }
    }
}
