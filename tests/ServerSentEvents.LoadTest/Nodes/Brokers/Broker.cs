using ServerSentEvents.Backplane;

namespace ServerSentEvents.LoadTest.Nodes.Brokers;

/// <summary>A kind of broker that nodes can share.</summary>
internal abstract class Broker
{
    internal const string Host = "127.0.0.1";

    /// <summary>The time for which a publish waits for the broker. The outages of <c>--faults</c> are shorter.</summary>
    protected static readonly TimeSpan PublishTimeout = TimeSpan.FromMinutes(2);

    internal static IReadOnlyList<Broker> All { get; } = [new RabbitMQBroker(), new RedisBroker()];

    /// <summary>The name on the command line.</summary>
    internal abstract string Name { get; }

    /// <summary>The title in tables.</summary>
    internal abstract string Title { get; }

    /// <summary>The title of the yardstick, which is a program without the backplane.</summary>
    internal abstract string BareTitle { get; }

    /// <summary>The command that installs the broker; null if it is installed.</summary>
    internal abstract string? Missing { get; }

    /// <exception cref="ArgumentException">No broker has that name.</exception>
    internal static Broker Named(string name) =>
        All.FirstOrDefault(broker => broker.Name == name)
        ?? throw new ArgumentException($"There is no broker '{name}'. The brokers are: {string.Join(", ", All.Select(broker => broker.Name))}.", nameof(name));

    /// <summary>Starts a private instance on a free port, with its files in a temporary folder.</summary>
    internal abstract Task<BrokerInstance> StartAsync();

    /// <summary>Connects a node with the backplane.</summary>
    internal abstract Task<StreamBackplane<object?>> ConnectAsync(
        Publisher publisher, int port, string stream, ILoggerFactory? log = null);

    /// <summary>Connects a node without the backplane.</summary>
    internal abstract Task<INode> ConnectBareAsync(int port, string stream, Inbox inbox);
}

/// <summary>A broker that runs for the load test.</summary>
internal abstract class BrokerInstance : IAsyncDisposable
{
    /// <summary>The port of the broker's clients.</summary>
    internal abstract int Port { get; }

    /// <summary>The CPU time of the broker and of the processes that it has started.</summary>
    internal TimeSpan ProcessorTime => ProcFile.ProcessorTimeOfTree(ProcessId);

    /// <summary>The process of the broker, or the process that has started it.</summary>
    protected abstract int ProcessId { get; }

    /// <summary>Kills the broker, and leaves its files.</summary>
    internal abstract Task KillAsync();

    /// <summary>Starts the broker, also after <see cref="KillAsync"/>, with its files and its port.</summary>
    internal abstract Task RunAsync();

    /// <summary>Ends the broker and removes its files.</summary>
    public abstract ValueTask DisposeAsync();
}
