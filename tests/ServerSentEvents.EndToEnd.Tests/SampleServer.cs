using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>A sample that runs as a process of its own, listening at a port that was free.</summary>
internal sealed partial class SampleServer : IDisposable
{
    private const int Attempts = 5;
    private const int SigTerm = 15;

    /// <summary>The limit of a stop with open streams. A host that waits for its streams takes half a minute.</summary>
    private static readonly TimeSpan StoppingLimit = TimeSpan.FromSeconds(5);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly TaskCompletionSource<Uri> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private SampleServer(string sample, string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // Somewhere else than where the sample lies, which it must not depend on.
            WorkingDirectory = Path.GetTempPath(),
        };
        start.ArgumentList.Add(PathOf(sample));
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);

        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => OnLine(line.Data);
        _process.ErrorDataReceived += (_, line) => OnLine(line.Data);
        _process.Exited += (_, _) => _address.TrySetException(new InvalidOperationException($"{sample} has ended: {Output}"));
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Where it listens.</summary>
    internal Uri Address => _address.Task.Result;

    /// <summary>What it has written to the console so far.</summary>
    internal string Output => string.Join('\n', _output);

    /// <summary>Starts a sample that knows <c>--urls</c>; port 0 stands for any that is free.</summary>
    internal static Task<SampleServer> StartAsync(string sample, int port = 0, params string[] arguments) =>
        new SampleServer(sample, ["--urls", $"http://127.0.0.1:{port}", .. arguments]).WhenListeningAsync();

    /// <summary>Starts the sample that takes a port as its argument, anew where somebody else was faster to take it.</summary>
    internal static async Task<SampleServer> StartHttpListenerAsync()
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var port = FreePort().ToString(CultureInfo.InvariantCulture);
                return await new SampleServer("HttpListener", [port]).WhenListeningAsync();
            }
            catch (InvalidOperationException) when (attempt < Attempts)
            {
                // The port was taken in between.
            }
        }
    }

    internal HttpClient NewClient() => new() { BaseAddress = Address, Timeout = Limits.Patience };

    /// <summary>Ends it without any warning, as a crash would.</summary>
    internal async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync().WaitAsync(Limits.Patience);
    }

    /// <summary>
    /// Asks it to stop, and sees that it does so soon, and without complaint. By SIGTERM, since what a shell starts in the
    /// background ignores SIGINT, and so does all that it starts.
    /// </summary>
    internal async Task StopAsync()
    {
        var stopwatch = Stopwatch.StartNew();
        Kill(_process.Id, SigTerm).Should().Be(0);
        await _process.WaitForExitAsync().WaitAsync(Limits.Patience);
        stopwatch.Elapsed.Should().BeLessThan(StoppingLimit);
        _process.ExitCode.Should().Be(0, Output);
        Output.Should().NotContain("fail:").And.NotContain("Unhandled exception");
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    private async Task<SampleServer> WhenListeningAsync()
    {
        try
        {
            await _address.Task.WaitAsync(Limits.Patience);
            return this;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private void OnLine(string? line)
    {
        if (line is null)
            return;
        _output.Enqueue(line);
        if (Listening().Match(line) is { Success: true } match)
            _address.TrySetResult(new Uri(match.Groups["address"].Value));
    }

    /// <summary>Where the build has put a sample, as it told this assembly.</summary>
    internal static string PathOf(string sample) =>
        typeof(SampleServer).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == $"Sample {sample}").Value!;

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    [GeneratedRegex(@"[Ll]istening on:? (?<address>http://\S+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Listening();

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int processId, int signal);
}
