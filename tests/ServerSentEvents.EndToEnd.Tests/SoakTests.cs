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
            "--soak", string.Join(',', phases), "--clients", "200", "--seconds", "18", "--rate", "50", "--seed", "1");

        // The output names the command that installs the broker.
        Tool.Require(!output.Contains("apt-get install", StringComparison.Ordinal), output, Environment.GetEnvironmentVariable("CI"));
        exitCode.Should().Be(0, output);
        foreach (var phase in phases)
        {
            // Events, deliveries, cut connections, resumes, ended clients, gaps, and no violation.
            output.Should().MatchRegex($@"\| {phase} \| ([1-9][0-9,]* \| ){{5}}[0-9,]+ \| 0 \|");
            output.Should().MatchRegex($@"\| {phase} 1 \| .* \| 0 \|\n");
        }

        output.Should().MatchRegex(@"\| redis 2 \| .* \| 0 \|\n");
    }

    [SkippableFact]
    public async Task Run_Storm_AllClientsComeBack()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The load test needs Linux.");
        var (exitCode, output) = await LoadTestProgram.RunAsync("--storm", "0,2", "--clients", "100");

        exitCode.Should().Be(0, output);
        output.Should().MatchRegex(@"\| stops \| 0 \| .*\n\| is killed \| 0 \| .*\n\| stops \| 2 \| .*\n\| is killed \| 2 \| ");
    }
}
