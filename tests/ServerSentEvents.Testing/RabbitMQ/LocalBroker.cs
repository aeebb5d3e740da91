using System.Globalization;

namespace ServerSentEvents.Testing.RabbitMQ;

/// <summary>A broker of one or several nodes, on free ports, with its files in a temporary folder.</summary>
public class LocalBroker
{
    private const int Attempts = 3;

    private readonly int _count;
    private readonly List<BrokerNode> _nodes = [];
    private string _home = "";
    private ChildProcess? _epmd;

    public LocalBroker(int count) => _count = count;

    public IReadOnlyList<BrokerNode> Nodes => _nodes;

    /// <summary>Creates and starts the broker, if RabbitMQ is installed.</summary>
    public async Task InitializeAsync()
    {
        if (RabbitMQPrograms.Server is null)
            return;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await StartFirstAsync();
                return;
            }
            catch (Exception exception) when (exception is InvalidOperationException or TimeoutException && attempt < Attempts)
            {
                // Another program took one of the ports, or the machine is busy.
                await DisposeAsync();
            }
        }
    }

    public async Task DisposeAsync()
    {
        foreach (var node in Nodes)
            await node.DisposeAsync();
        _nodes.Clear();
        if (_epmd is not null)
            await _epmd.DisposeAsync();
        await Limits.UntilAsync(TryDeleteHome);
    }

    /// <summary>The folder with all files of the broker.</summary>
    public string Home => _home;

    /// <summary>Returns the number of the broker's files that match a pattern.</summary>
    public int CountFiles(string pattern) => Directory.GetFiles(_home, pattern, SearchOption.AllDirectories).Length;

    public Task StopAsync() => Task.WhenAll(Nodes.Select(node => node.StopAsync()));

    public Task StartAsync() => Task.WhenAll(Nodes.Select(node => node.StartAsync()));

    /// <summary>Deletes the folder. A process that was killed can still create files.</summary>
    private bool TryDeleteHome()
    {
        try
        {
            if (Directory.Exists(_home))
                Directory.Delete(_home, recursive: true);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private async Task StartFirstAsync()
    {
        _home = Directory.CreateTempSubdirectory("sse-broker-").FullName;
        var ports = FreePort.Find(1 + (_count * 2));
        var unique = Path.GetFileName(_home);
        for (var i = 0; i < _count; i++)
            _nodes.Add(new BrokerNode(_home, $"{(char)('a' + i)}-{unique}@localhost", ports[0], ports[1 + (i * 2)], ports[2 + (i * 2)]));

        await File.WriteAllTextAsync(Path.Combine(_home, "plugins"), "[].");
        await File.WriteAllTextAsync(Path.Combine(_home, "rabbitmq.conf"), Configuration());
        // Otherwise the first node starts one, which would not end.
        _epmd = new ChildProcess(RabbitMQPrograms.Epmd, ["-port", ports[0].ToString(CultureInfo.InvariantCulture)],
            new Dictionary<string, string>(StringComparer.Ordinal));
        await StartAsync();
        if (_count > 1)
            await Nodes[0].CtlAsync("await_online_nodes", _count.ToString(CultureInfo.InvariantCulture));
    }

    private string Configuration()
    {
        var lines = new List<string> { "disk_free_limit.absolute = 1MB", "cluster_partition_handling = ignore" };
        if (_count > 1)
        {
            lines.Add("cluster_formation.peer_discovery_backend = classic_config");
            lines.AddRange(Nodes.Select((node, i) => $"cluster_formation.classic_config.nodes.{i + 1} = {node.Name}"));
        }

        return string.Concat(lines.Select(line => line + "\n"));
    }
}
