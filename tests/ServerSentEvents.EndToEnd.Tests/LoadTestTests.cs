using System.Diagnostics;
using System.Text.RegularExpressions;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>The load test counts what it says it counts: a few seconds of it, with each server that is there.</summary>
public sealed class LoadTestTests
{
    private const string Clients = "20";
    private const string Events = "200";

    [SkippableTheory]
    [InlineData("ours")]
    [InlineData("channel")]
    [InlineData("typed-results")]
    [InlineData("nchan")]
    public async Task Run_FewClientsAndEvents_CountsEveryDelivery(string kind)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The load test needs Linux.");
        var (exitCode, output) = await RunAsync(
            "--only", kind, "--clients", Clients, "--events", Events, "--in-flight", "8,8p,1", "--rounds", "1", "--idle", "100");

        // It says itself which command installs nchan; whether that may be missing is for the tests to say.
        Tool.Require(!output.Contains("Left out", StringComparison.Ordinal), output, Environment.GetEnvironmentVariable("CI"));
        exitCode.Should().Be(0, output);
        Regex.Count(output, $"{kind}: 4,000 deliveries,", RegexOptions.None, Limits.Patience).Should().Be(3, output);
        output.Should().Contain("idle connections, KB |");
    }

    [SkippableFact]
    public async Task Run_TwoNodesOverOneBroker_EachReceivesEveryEvent()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The load test needs Linux.");
        var (exitCode, output) = await RunAsync(
            "--nodes", "2", "--clients", "2", "--events", "50", "--in-flight", "8", "--rounds", "1");

        // It says itself which command installs the broker.
        Tool.Require(!output.Contains("No RabbitMQ", StringComparison.Ordinal), output, Environment.GetEnvironmentVariable("CI"));
        exitCode.Should().Be(0, output);
        // Both nodes publish fifty; then one does, for both clients of the other, or for the one that there is without the library.
        output.Should().Contain("ours: 100 events at each,").And.Contain("bare: 100 events at each,")
            .And.Contain("ours: 100 latencies,").And.Contain("bare: 50 latencies,");
    }

    [SkippableFact]
    public async Task Run_UnknownOption_SaysWhichThereAre()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The load test needs Linux.");
        var (exitCode, output) = await RunAsync("--client", "1");

        exitCode.Should().Be(2);
        output.Should().Contain("--client is not an option").And.Contain("--in-flight W");
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [SampleServer.PathOf("ServerSentEvents.LoadTest"), .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        using var process = Process.Start(start)!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var errors = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync().WaitAsync(Limits.OfTheLoadTest);
            return (process.ExitCode, await errors + await output);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }
}
