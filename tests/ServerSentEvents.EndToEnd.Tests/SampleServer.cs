using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>A sample that runs in another process and listens on a free port.</summary>
internal sealed partial class SampleServer : IDisposable
{
    private const int Attempts = 5;
    private const int SigTerm = 15;

    /// <summary>The time limit for stopping with open streams. A host that waits for its streams takes half a minute.</summary>
    private static readonly TimeSpan StoppingLimit = TimeSpan.FromSeconds(20);

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
            // The sample must not depend on its working directory, so it starts in another one.
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

    /// <summary>The address at which the sample listens.</summary>
    internal Uri Address => _address.Task.Result;

    /// <summary>The console output of the sample so far.</summary>
    internal string Output => string.Join('\n', _output);

    /// <summary>Starts a sample that accepts <c>--urls</c>. Port 0 means a free port.</summary>
    internal static Task<SampleServer> StartAsync(string sample, int port = 0, params string[] arguments) =>
        new SampleServer(sample, ["--urls", $"http://127.0.0.1:{port}", .. arguments]).WhenListeningAsync();

    /// <summary>Starts HttpListener, which does not accept port 0. Tries another port if that port is taken.</summary>
    internal static async Task<SampleServer> StartHttpListenerAsync()
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await StartAsync("HttpListener", FreePort.Find());
            }
            catch (InvalidOperationException) when (attempt < Attempts)
            {
                // Another program may have taken the port.
            }
        }
    }

    internal HttpClient NewClient() => new() { BaseAddress = Address, Timeout = Limits.Patience };

    /// <summary>Kills the sample without a shutdown, as a crash would.</summary>
    internal async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync().WaitAsync(Limits.Patience);
    }

    /// <summary>
    /// Stops the sample by SIGTERM, and asserts that the sample ends soon and without an error. Programs that a shell starts in
    /// the background ignore SIGINT, and so do their child processes.
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
        {
            _process.Kill();
            // A restart listens on the same port at once.
            _process.WaitForExit(Limits.Patience);
        }

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

    /// <summary>Returns the path of a sample. The build writes the path into the metadata of this assembly.</summary>
    internal static string PathOf(string sample) =>
        typeof(SampleServer).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == $"Sample {sample}").Value!;

    [GeneratedRegex(@"[Ll]istening on:? (?<address>http://\S+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Listening();

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int processId, int signal);
}
