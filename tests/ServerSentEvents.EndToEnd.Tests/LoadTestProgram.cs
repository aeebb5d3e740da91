namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>The program of the load test.</summary>
internal static class LoadTestProgram
{
    /// <summary>The time limit of a run. A run starts several processes in turn, and may start two brokers.</summary>
    private static readonly TimeSpan RunLimit = TimeSpan.FromMinutes(6);

    internal static async Task<(int ExitCode, string Output)> RunAsync(params string[] arguments)
    {
        var (exitCode, output, errors) = await Command.RunAsync(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            [SampleServer.PathOf("ServerSentEvents.LoadTest"), .. arguments],
            Path.GetTempPath(),
            timeout: RunLimit);
        return (exitCode, errors + output);
    }
}
