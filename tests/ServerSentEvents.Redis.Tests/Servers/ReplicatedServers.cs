using System.Globalization;
using System.Net;
using StackExchange.Redis;

namespace ServerSentEvents.Redis.Tests.Servers;

/// <summary>A master and a replica. An administrator makes the replica the master.</summary>
internal sealed class ReplicatedServers : IAsyncDisposable
{
    private readonly RedisServer _master;
    private readonly RedisServer _replica;

    private ReplicatedServers(RedisServer master, RedisServer replica) => (_master, _replica) = (master, replica);

    internal int MasterPort => _master.Port;

    internal int ReplicaPort => _replica.Port;

    /// <summary>The settings for both servers. If one is gone, the client library can wait for the whole time to connect.</summary>
    internal ConfigurationOptions Configuration =>
        RedisServer.PatientConfiguration($"127.0.0.1:{_master.Port},127.0.0.1:{_replica.Port},connectTimeout=5000");

    internal static async Task<ReplicatedServers> StartAsync()
    {
        var master = await RedisServer.StartAsync([.. RedisServer.InMemory, "--repl-diskless-sync-delay", "0"]);
        RedisServer? replica = null;
        try
        {
            replica = await RedisServer.StartAsync([.. RedisServer.InMemory, "--replicaof", "127.0.0.1", Text(master.Port)]);
            var servers = new ReplicatedServers(master, replica);
            await Limits.UntilAsync(servers.IsReplicatedAsync);
            return servers;
        }
        catch
        {
            if (replica is not null)
                await replica.DisposeAsync();
            await master.DisposeAsync();
            throw;
        }
    }

    internal IStreamTransport Open(RedisBackplaneOptions<string> options)
    {
        options.Configuration = Configuration;
        return _master.Open(options);
    }

    /// <summary>Cuts the replica off when it has all that the master has. It then lacks what comes later.</summary>
    internal async Task DetachReplicaAsync()
    {
        await UntilReplicatedAsync();
        await _replica.CommandAsync("REPLICAOF", "127.0.0.1", "1");
    }

    /// <summary>Kills the master, and leaves the rest to others.</summary>
    internal Task StopMasterAsync() => _master.StopAsync();

    /// <summary>Kills the replica, and returns its address.</summary>
    internal async Task<EndPoint> StopReplicaAsync()
    {
        await _replica.StopAsync();
        return _replica.EndPoint;
    }

    /// <summary>Waits until the replica has all that the master has.</summary>
    internal Task UntilReplicatedAsync() => Limits.UntilAsync(async () =>
        await OffsetAsync(_replica, "slave_repl_offset:") >= await OffsetAsync(_master, "master_repl_offset:"));

    /// <summary>Kills the master, and makes the replica the master.</summary>
    internal async Task FailOverAsync()
    {
        await _master.StopAsync();
        await _replica.CommandAsync("REPLICAOF", "NO", "ONE");
    }

    public async ValueTask DisposeAsync()
    {
        await _master.DisposeAsync();
        await _replica.DisposeAsync();
    }

    private async Task<bool> IsReplicatedAsync() =>
        ((string)(await _replica.CommandAsync("INFO", "replication"))!).Contains("master_link_status:up", StringComparison.Ordinal);

    /// <summary>Returns an offset; null if the server does not report it, because its role has changed.</summary>
    private static async Task<long?> OffsetAsync(RedisServer server, string field)
    {
        var text = (string)(await server.CommandAsync("INFO", "replication"))!;
        var line = text.Split("\r\n").FirstOrDefault(line => line.StartsWith(field, StringComparison.Ordinal));
        return line is null ? null : long.Parse(line.AsSpan(field.Length), CultureInfo.InvariantCulture);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
