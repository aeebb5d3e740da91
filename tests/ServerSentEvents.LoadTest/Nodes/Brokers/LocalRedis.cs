using System.Globalization;
using ServerSentEvents.Testing;

namespace ServerSentEvents.LoadTest.Nodes.Brokers;

/// <summary>A Redis server on a free port, with its files in a temporary folder.</summary>
internal sealed class LocalRedis
{
    private const int Attempts = 5;
    private const string Ready = "Ready to accept connections";

    private readonly string _folder = Directory.CreateTempSubdirectory("sse-redis-").FullName;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Testing.ChildProcess _process;

    private LocalRedis(int port)
    {
        Port = port;
        _process = new Testing.ChildProcess(
            Program!,
            [
                "--port", port.ToString(CultureInfo.InvariantCulture), "--bind", Broker.Host, "--dir", _folder,
                // A rewrite of the log would run in another process, and that CPU time is lost when the process ends.
                "--save", "", "--appendonly", "yes", "--appendfsync", "everysec", "--auto-aof-rewrite-percentage", "0",
            ],
            new Dictionary<string, string>(StringComparer.Ordinal),
            line =>
            {
                if (line.Contains(Ready, StringComparison.Ordinal))
                    _ready.TrySetResult();
            });
    }

    /// <summary>The path of the server; null if there is none.</summary>
    internal static string? Program { get; } = Tool.Find(Environment.GetEnvironmentVariable("PATH"), "redis-server", "valkey-server");

    internal int Port { get; }

    internal int ProcessId => _process.Id;

    internal static async Task<LocalRedis> StartAsync()
    {
        for (var attempt = 1; ; attempt++)
        {
            var server = new LocalRedis(FreePort.Find());
            await Task.WhenAny(server._ready.Task, server._process.Ended).WithinPatience();
            if (server._ready.Task.IsCompleted)
                return server;
            await server.StopAsync();
            // Another program may have taken the port.
            if (attempt == Attempts)
                throw new ChildProcessException($"Redis has ended: {server._process.Output}");
        }
    }

    /// <summary>Ends the server and removes its files.</summary>
    internal async Task StopAsync()
    {
        await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
