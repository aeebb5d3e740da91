using System.Globalization;

namespace ServerSentEvents.Testing.RabbitMQ;

/// <summary>One node of a broker: a process with all its files in a temporary folder.</summary>
public sealed class BrokerNode : IAsyncDisposable
{
    private const string Started = "completed with";

    private readonly Dictionary<string, string> _environment;
    private ChildProcess? _process;

    internal BrokerNode(string home, string name, int epmdPort, int port, int distributionPort)
    {
        (Name, Port) = (name, port);
        var folder = Directory.CreateDirectory(Path.Combine(home, name)).FullName;
        _environment = new(StringComparer.Ordinal)
        {
            ["HOME"] = home,
            ["ERL_EPMD_PORT"] = Text(epmdPort),
            ["RABBITMQ_NODENAME"] = name,
            ["RABBITMQ_NODE_IP_ADDRESS"] = "127.0.0.1",
            ["RABBITMQ_NODE_PORT"] = Text(port),
            ["RABBITMQ_DIST_PORT"] = Text(distributionPort),
            ["RABBITMQ_MNESIA_BASE"] = Path.Combine(folder, "mnesia"),
            ["RABBITMQ_LOG_BASE"] = Path.Combine(folder, "log"),
            ["RABBITMQ_PID_FILE"] = Path.Combine(folder, "pid"),
            ["RABBITMQ_CONFIG_FILE"] = Path.Combine(home, "rabbitmq"),
            ["RABBITMQ_CONF_ENV_FILE"] = Path.Combine(home, "none"),
            ["RABBITMQ_ENABLED_PLUGINS_FILE"] = Path.Combine(home, "plugins"),
            // Idle schedulers that spin would take the processor from what is tested.
            ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "+sbwt none +sbwtdcpu none +sbwtdio none",
        };
    }

    public string Name { get; }

    public int Port { get; }

    /// <summary>The process that starts the process of the broker.</summary>
    public int ProcessId => _process!.Id;

    public async Task StartAsync()
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _process = new ChildProcess(RabbitMQPrograms.Server!, [], _environment, line =>
        {
            if (line.Contains(Started, StringComparison.Ordinal))
                started.TrySetResult();
        });
        await Task.WhenAny(started.Task, _process.Ended).WithinPatience();
        if (!started.Task.IsCompleted)
            throw new InvalidOperationException($"{Name} has ended: {_process.Output}");
    }

    /// <summary>Stops the node as an operator does.</summary>
    public async Task StopAsync()
    {
        await CtlAsync("stop");
        await _process!.Ended.WithinPatience();
    }

    /// <summary>Kills the node.</summary>
    public Task KillAsync() => _process!.KillAsync();

    /// <summary>Runs rabbitmqctl, and returns its output.</summary>
    public async Task<string> CtlAsync(params string[] arguments)
    {
        await using var process = new ChildProcess(RabbitMQPrograms.Ctl, arguments, _environment);
        await process.Ended.WithinPatience();
        return process.ExitCode == 0
            ? process.Output
            : throw new InvalidOperationException($"rabbitmqctl {string.Join(' ', arguments)}: {process.Output}");
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
            await _process.DisposeAsync();
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
