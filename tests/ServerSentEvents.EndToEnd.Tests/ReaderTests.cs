using System.Collections.Concurrent;
using System.Diagnostics;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>Tests the console program that reads the events of the sample Visits.</summary>
public sealed class ReaderTests
{
    [UnixFact]
    public async Task Reader_ServerKilledAndRestarted_PrintsVisitsOfBothServers()
    {
        using var first = await SampleServer.StartAsync("Visits", FreePort.Find());
        using var reader = StartReader(new Uri(first.Address, "subscribe"), out var lines);
        try
        {
            await UntilPrintedAsync("New visit at", lines, first);
            await first.KillAsync();
            await UntilPrintedAsync("The stream has broken off", lines);
            lines.Clear();
            using var second = await SampleServer.StartAsync("Visits", first.Address.Port);
            await UntilPrintedAsync("New visit at", lines, second);
        }
        finally
        {
            reader.Kill();
        }
    }

    [Fact]
    public async Task Reader_WrongAddress_PrintsReasonAndFails()
    {
        using var server = await SampleServer.StartAsync("Visits");
        using var reader = StartReader(new Uri(server.Address, "wrong"), out var lines);

        await reader.WaitForExitAsync().WaitAsync(Limits.Patience);

        reader.ExitCode.Should().Be(1);
        lines.Should().ContainSingle(line => line.Contains("404", StringComparison.Ordinal));
    }

    private static Process StartReader(Uri uri, out ConcurrentQueue<string> lines)
    {
        var output = lines = new ConcurrentQueue<string>();
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        start.ArgumentList.Add(SampleServer.PathOf("Reader"));
        start.ArgumentList.Add(uri.ToString());
        var reader = new Process { StartInfo = start };
        reader.OutputDataReceived += (_, line) => output.Enqueue(line.Data ?? "(end)");
        reader.Start();
        reader.BeginOutputReadLine();
        return reader;
    }

    /// <summary>Waits until the reader prints a line. If a server is given, opens its page repeatedly.</summary>
    private static async Task UntilPrintedAsync(string line, ConcurrentQueue<string> lines, SampleServer? server = null)
    {
        using var limit = new CancellationTokenSource(Limits.Patience);
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        using var client = server?.NewClient();
        while (!lines.Any(printed => printed.StartsWith(line, StringComparison.Ordinal)))
        {
            if (client is not null)
                await client.GetStringAsync("/", limit.Token);
            await pause.WaitForNextTickAsync(limit.Token);
        }
    }
}
