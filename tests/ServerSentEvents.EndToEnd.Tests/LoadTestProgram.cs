using System.Diagnostics;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>The program of the load test.</summary>
internal static class LoadTestProgram
{
    /// <summary>The time limit of a run. A run starts several processes in turn, and may start two brokers.</summary>
    private static readonly TimeSpan RunLimit = TimeSpan.FromMinutes(4);

    internal static async Task<(int ExitCode, string Output)> RunAsync(params string[] arguments)
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
            await process.WaitForExitAsync().WaitAsync(RunLimit);
            return (process.ExitCode, await errors + await output);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }
}
