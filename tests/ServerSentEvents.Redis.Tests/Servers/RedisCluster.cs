using System.Globalization;
using System.Net;

namespace ServerSentEvents.Redis.Tests.Servers;

/// <summary>A cluster of three masters. The master of the stream has a replica, which the others promote if it dies.</summary>
internal sealed class RedisCluster : IAsyncDisposable
{
    private const int Slots = 16_384;

    private readonly RedisServer[] _masters;
    private readonly RedisServer _replica;
    private readonly RedisServer _streamMaster;

    private RedisCluster(RedisServer[] masters, RedisServer replica, RedisServer streamMaster) =>
        (_masters, _replica, _streamMaster) = (masters, replica, streamMaster);

    private IEnumerable<RedisServer> All => [.. _masters, _replica];

    private IEnumerable<RedisServer> Others => _masters.Where(master => master != _streamMaster);

    internal static async Task<RedisCluster> StartAsync(string streamKey)
    {
        var starts = Enumerable.Range(0, 4).Select(_ => RedisServer.StartAsync(
        [
            .. RedisServer.InMemory, "--cluster-enabled", "yes", "--cluster-node-timeout", "10000",
            // On a busy machine, the masters can agree late that one has failed. The replica must not give up by then.
            "--cluster-require-full-coverage", "no", "--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0",
        ])).ToList();
        try
        {
            var servers = await Task.WhenAll(starts);
            var (masters, replica) = (servers[..3], servers[3]);
            var slot = await SlotAsync(masters[0], streamKey);
            var cluster = new RedisCluster(masters, replica, masters[slot * masters.Length / Slots]);
            await cluster.JoinAsync();
            return cluster;
        }
        catch
        {
            foreach (var start in starts.Where(start => start.IsCompletedSuccessfully))
                await (await start).DisposeAsync();
            throw;
        }
    }

    /// <summary>Returns a transport that knows the address of one server, which does not have the stream.</summary>
    internal IStreamTransport Open(string streamKey, int waitForReplicas = 0) => Others.First().Open(new RedisBackplaneOptions<string>
    {
        StreamKey = streamKey,
        WaitForReplicas = waitForReplicas,
        // If a server of the cluster is gone, the client library can wait for the whole time to connect.
        Configuration = Others.First().Configuration("connectTimeout=5000"),
    });

    /// <summary>Kills the master of the stream, and waits until its replica is the master.</summary>
    internal async Task FailOverAsync()
    {
        await _streamMaster.StopAsync();
        await RedisServer.UntilPromotedAsync(
            () => HasAsync(_replica, "INFO", "replication", "role:master"), () => _replica.CommandAsync("CLUSTER", "FAILOVER", "TAKEOVER"));
    }

    /// <summary>Kills a master that does not have the stream, waits until the others know, and returns its address.</summary>
    internal async Task<EndPoint> StopOtherMasterAsync()
    {
        var other = Others.Last();
        await other.StopAsync();
        await UntilAsync(_streamMaster, "CLUSTER", "NODES", " master,fail ");
        return other.EndPoint;
    }

    /// <summary>Moves the slot of the stream to another master, with the stream, as an administrator does.</summary>
    internal async Task MoveStreamAsync(string streamKey)
    {
        await BeginToMoveStreamAsync(streamKey);
        var target = Others.Last();
        var (slot, to) = (Text(await SlotAsync(target, streamKey)), await IdAsync(target));
        foreach (var master in _masters.OrderBy(master => master != target))
            await master.CommandAsync("CLUSTER", "SETSLOT", slot, "NODE", to);
    }

    /// <summary>Moves the stream, and not its slot, to another master.</summary>
    internal async Task BeginToMoveStreamAsync(string streamKey)
    {
        var target = Others.Last();
        var slot = Text(await SlotAsync(target, streamKey));
        var (from, to) = (await IdAsync(_streamMaster), await IdAsync(target));
        await target.CommandAsync("CLUSTER", "SETSLOT", slot, "IMPORTING", from);
        await _streamMaster.CommandAsync("CLUSTER", "SETSLOT", slot, "MIGRATING", to);
        await _streamMaster.CommandAsync("MIGRATE", "127.0.0.1", Text(target.Port), streamKey, "0", "60000");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in All)
            await server.DisposeAsync();
    }

    private async Task JoinAsync()
    {
        for (var i = 0; i < _masters.Length; i++)
        {
            var (first, next) = (Slots * i / _masters.Length, Slots * (i + 1) / _masters.Length);
            await _masters[i].CommandAsync("CLUSTER", "ADDSLOTSRANGE", Text(first), Text(next - 1));
        }

        foreach (var server in All.Skip(1))
            await server.CommandAsync("CLUSTER", "MEET", "127.0.0.1", Text(_masters[0].Port), Text(_masters[0].BusPort));
        var masterId = await IdAsync(_streamMaster);
        await UntilAsync(_replica, "CLUSTER", "NODES", masterId);
        await _replica.CommandAsync("CLUSTER", "REPLICATE", masterId);
        await UntilAsync(_replica, "INFO", "replication", "master_link_status:up");
        foreach (var server in All)
        {
            await UntilAsync(server, "CLUSTER", "INFO", "cluster_slots_ok:16384");
            await UntilAsync(server, "CLUSTER", "INFO", "cluster_state:ok");
            await UntilAsync(server, "CLUSTER", "NODES", $"slave {masterId}");
        }
    }

    /// <summary>Waits until the answer to a command has a text.</summary>
    private static Task UntilAsync(RedisServer server, string command, string argument, string text) =>
        Limits.UntilAsync(() => HasAsync(server, command, argument, text));

    /// <summary>Returns whether the answer to a command has a text.</summary>
    private static async Task<bool> HasAsync(RedisServer server, string command, string argument, string text) =>
        ((string)(await server.CommandAsync(command, argument))!).Contains(text, StringComparison.Ordinal);

    private static async Task<int> SlotAsync(RedisServer server, string key) => (int)await server.CommandAsync("CLUSTER", "KEYSLOT", key);

    private static async Task<string> IdAsync(RedisServer server) => (string)(await server.CommandAsync("CLUSTER", "MYID"))!;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
