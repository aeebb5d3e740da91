using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using ServerSentEvents.Redis.Internal;
using StackExchange.Redis;

namespace ServerSentEvents.Redis.Tests.Servers;

/// <summary>A server on a free port, with its files in a temporary folder.</summary>
public sealed class RedisServer : ITestBroker, IAsyncDisposable
{
    private const int Attempts = 5;
    private const string Ready = "Ready to accept connections";

    /// <summary>The time that the servers have to promote a replica by themselves.</summary>
    private static readonly TimeSpan PatienceWithElections = TimeSpan.FromMinutes(1);

    private readonly string _folder = Directory.CreateTempSubdirectory("sse-redis-").FullName;
    private readonly string[] _arguments;

    /// <summary>Arguments that come before all others.</summary>
    private string[] _file = [];

    private CommandMap _commands = CommandMap.Default;

    private Process? _process;
    private ConnectionMultiplexer? _administrator;

    private RedisServer(string[] arguments) => _arguments = arguments;

    internal int Port { get; private set; }

    internal EndPoint EndPoint => new IPEndPoint(IPAddress.Loopback, Port);

    /// <summary>The port for the other servers of a cluster.</summary>
    internal int BusPort { get; private set; }

    /// <summary>The port for clients with TLS, if the arguments have a certificate.</summary>
    internal int TlsPort { get; private set; }

    /// <summary>Arguments of a server that keeps what it has confirmed.</summary>
    internal static string[] Durable { get; } = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"];

    /// <summary>Arguments of a server that keeps nothing when it is killed.</summary>
    internal static string[] InMemory { get; } = ["--save", "", "--appendonly", "no"];

    /// <summary>Starts a server. Skips the test where there is none.</summary>
    internal static Task<RedisServer> StartAsync(params string[] arguments)
    {
        RedisPrograms.Require();
        return StartAsync(new RedisServer(arguments));
    }

    /// <summary>Starts a Sentinel, which keeps its state in its configuration file. Skips the test where there is none.</summary>
    internal static async Task<RedisServer> StartSentinelAsync(string configuration)
    {
        RedisPrograms.Require();
        var server = new RedisServer([]);
        var file = Path.Combine(server._folder, "sentinel.conf");
        await File.WriteAllTextAsync(file, configuration);
        (server._file, server._commands) = (
            [file, "--sentinel"], CommandMap.Create(["CLIENT", "INFO", "PING", "SENTINEL"], available: true));
        return await StartAsync(server);
    }

    private static async Task<RedisServer> StartAsync(RedisServer server)
    {
        for (var attempt = 1; ; attempt++)
        {
            var ports = FreePort.Find(3);
            (server.Port, server.BusPort, server.TlsPort) = (ports[0], ports[1], ports[2]);
            try
            {
                await server.StartAsync();
                return server;
            }
            catch (InvalidOperationException) when (attempt < Attempts)
            {
                // Another program has taken a port.
                await server.StopAsync();
            }
            catch
            {
                await server.DisposeAsync();
                throw;
            }
        }
    }

    private string[] BusArguments => _arguments.Contains("--cluster-enabled") ? ["--cluster-port", Text(BusPort)] : [];

    private string[] TlsArguments => _arguments.Contains("--tls-cert-file") ? ["--tls-port", Text(TlsPort)] : [];

    internal ConfigurationOptions Configuration(string options = "") => PatientConfiguration($"127.0.0.1:{Port},{options}");

    /// <summary>
    /// Returns settings with the longest timeout of commands that the backplane accepts, and a minute to connect. A busy machine can
    /// delay an answer for seconds.
    /// </summary>
    internal static ConfigurationOptions PatientConfiguration(string configuration) =>
        ConfigurationOptions.Parse($"asyncTimeout=10000,connectTimeout=60000,{configuration}");

    public IStreamTransport Open(string stream) => Open(new RedisBackplaneOptions<string> { StreamKey = stream });

    /// <summary>Returns a transport with other options. The server is added to them.</summary>
    internal IStreamTransport Open(RedisBackplaneOptions<string> options)
    {
        options.Configuration ??= Configuration();
        return new RedisTransport(RedisSettings.From(options));
    }

    public async Task StartAsync()
    {
        var start = new ProcessStartInfo(
            RedisPrograms.Server!,
            [.. _file, "--port", Text(Port), "--bind", "127.0.0.1", "--dir", _folder, .. BusArguments, .. TlsArguments, .. _arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder,
        };
        var output = new ConcurrentQueue<string?>();
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) =>
        {
            output.Enqueue(line.Data);
            if (line.Data?.Contains(Ready, StringComparison.Ordinal) == true || line.Data?.Contains("Sentinel ID is", StringComparison.Ordinal) == true)
                ready.TrySetResult();
        };
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await Task.WhenAny(ready.Task, _process.WaitForExitAsync()).WithinPatience();
        if (!ready.Task.IsCompleted)
            throw new InvalidOperationException($"The server has ended: {string.Join('\n', output)}");
    }

    /// <summary>Ends the server by SIGKILL.</summary>
    public async Task StopAsync()
    {
        if (_process is null)
            return;
        if (_administrator is not null)
            await _administrator.DisposeAsync();
        _administrator = null;
        _process.Kill();
        await _process.WaitForExitAsync().WithinPatience();
        _process.Dispose();
        _process = null;
    }

    public Task DeleteAsync(string stream) => CommandAsync("DEL", stream);

    /// <summary>Runs a command as an administrator. Not safe for concurrent calls.</summary>
    internal async Task<RedisResult> CommandAsync(string command, params object[] arguments)
    {
        _administrator ??= await ConnectAdministratorAsync();
        return await _administrator.GetServer(EndPoint).ExecuteAsync(command, arguments);
    }

    /// <summary>Waits until the servers have promoted a replica. After a minute, an administrator tells them to.</summary>
    internal static async Task UntilPromotedAsync(Func<Task<bool>> isPromoted, Func<Task> promote)
    {
        var (start, isLate) = (Stopwatch.GetTimestamp(), false);
        await Limits.UntilAsync(async () =>
        {
            if (await isPromoted())
                return true;
            // On a busy machine, an election can fail. The servers then pause for more than half a minute.
            if (isLate || Stopwatch.GetElapsedTime(start) < PatienceWithElections)
                return false;
            isLate = true;
            try
            {
                await promote();
            }
            catch (RedisServerException)
            {
                // The servers have just begun to promote the replica.
            }

            return false;
        });
    }

    private async Task<ConnectionMultiplexer> ConnectAdministratorAsync()
    {
        var configuration = Configuration("allowAdmin=true,asyncTimeout=120000");
        configuration.CommandMap = _commands;
        return await ConnectionMultiplexer.ConnectAsync(configuration);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
