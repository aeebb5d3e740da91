using System.Globalization;
using ServerSentEvents.Testing;

namespace ServerSentEvents.LoadTest.Nodes.Brokers;

/// <summary>A Redis server on a free port, with its files in a temporary folder.</summary>
internal sealed class LocalRedis : BrokerInstance
{
    private const int Attempts = 5;
    private const string Ready = "Ready to accept connections";

    private readonly string _folder = Directory.CreateTempSubdirectory("sse-redis-").FullName;
    private Testing.ChildProcess? _process;

    private LocalRedis(int port) => Port = port;

    /// <summary>The path of the server; null if there is none.</summary>
    internal static string? Program { get; } = Tool.Find(Environment.GetEnvironmentVariable("PATH"), "redis-server", "valkey-server");

    internal override int Port { get; }

    protected override int ProcessId => _process!.Id;

    internal static async Task<LocalRedis> StartAsync()
    {
        for (var attempt = 1; ; attempt++)
        {
            var server = new LocalRedis(FreePort.Find());
            try
            {
                await server.RunAsync();
                return server;
            }
            catch (Exception exception)
            {
                await server.DisposeAsync();
                // Another program may have taken the port.
                if (exception is not ChildProcessException || attempt == Attempts)
                    throw;
            }
        }
    }

    internal override Task KillAsync() => _process!.KillAsync();

    internal override async Task RunAsync()
    {
        if (_process is not null)
            await _process.DisposeAsync();
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _process = new Testing.ChildProcess(
            Program!,
            [
                "--port", Port.ToString(CultureInfo.InvariantCulture), "--bind", Broker.Host, "--dir", _folder,
                // A rewrite of the log would run in another process, and that CPU time is lost when the process ends.
                "--save", "", "--appendonly", "yes", "--auto-aof-rewrite-percentage", "0",
                // Redis writes to the file before each answer. With "everysec", it delays the write while the disk is busy.
                "--appendfsync", "no",
            ],
            new Dictionary<string, string>(StringComparer.Ordinal),
            line =>
            {
                if (line.Contains(Ready, StringComparison.Ordinal))
                    ready.TrySetResult();
            });
        await Task.WhenAny(ready.Task, _process.Ended).WithinPatience();
        if (!ready.Task.IsCompleted)
            throw new ChildProcessException($"Redis has ended: {_process.Output}");
    }

    public override async ValueTask DisposeAsync()
    {
        if (_process is not null)
            await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
