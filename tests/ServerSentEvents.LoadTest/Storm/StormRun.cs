using System.Diagnostics;
using ServerSentEvents.Client;
using ServerSentEvents.LoadTest.Soak;

namespace ServerSentEvents.LoadTest.Storm;

/// <summary>Measures how all clients of one server reconnect to another one.</summary>
internal sealed class StormRun(StormOptions options, int jitter, bool isKilled) : IDisposable
{
    /// <summary>The number of clients that connect at the same time before the storm.</summary>
    private const int MaxConnecting = 100;

    /// <summary>The limit of each wait, besides the jitter. Only a fault reaches it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Connections _connections = new(options.Setup);
    private readonly SemaphoreSlim _connecting = new(MaxConnecting);
    private volatile Uri? _events;

    internal async Task<StormResult> RunAsync()
    {
        using var first = new StormNode(options.Setup, jitter);
        using var second = new StormNode(options.Setup, jitter);
        _events = first.Events;
        using var leave = new CancellationTokenSource();
        var clients = Enumerable.Range(0, options.Clients).Select(_ => ReadAsync(leave.Token)).ToList();
        await UntilAllAreAtAsync(first, clients);

        _events = second.Events;
        var processorTime = second.ProcessorTime;
        var start = Stopwatch.GetTimestamp();
        if (isKilled)
            first.Kill();
        else
            first.ShutDown();
        await UntilAllAreAtAsync(second, clients);
        var result = new StormResult(
            jitter,
            isKilled,
            [.. (await second.GetArrivalsAsync()).Select(arrival => Stopwatch.GetElapsedTime(start, arrival)).Order()],
            second.ProcessorTime - processorTime,
            second.ResidentBytes);

        await leave.CancelAsync();
        await Task.WhenAll(clients);
        return result;
    }

    public void Dispose()
    {
        _connections.Dispose();
        _connecting.Dispose();
    }

    private async Task ReadAsync(CancellationToken leave)
    {
        await _connecting.WaitAsync(leave);
        var hasConnected = false;
        var client = new EventStreamClient(_connections.Http, new EventStreamClientOptions
        {
            Connected = _ =>
            {
                if (!hasConnected)
                    _connecting.Release();
                hasConnected = true;
            },
        });
        try
        {
            await foreach (var _ in client.ReadAsync(_ => new(NewRequest()), leave))
            {
                // The stream has no events. The server's heartbeats keep it open.
            }
        }
        catch (OperationCanceledException) when (leave.IsCancellationRequested)
        {
            // The storm is over.
        }
    }

    private HttpRequestMessage NewRequest() => new(HttpMethod.Get, _events)
    {
        Version = _connections.Http.DefaultRequestVersion,
        VersionPolicy = _connections.Http.DefaultVersionPolicy,
    };

    /// <summary>Waits until all clients have subscribed at a server.</summary>
    private async Task UntilAllAreAtAsync(StormNode node, List<Task> clients)
    {
        var start = Stopwatch.GetTimestamp();
        while (await node.CountAsync() is var count && count < options.Clients)
        {
            if (clients.Find(static client => client.IsCompleted) is { } ended)
            {
                await ended;
                throw new InvalidOperationException("The server has asked a client to stop.");
            }

            if (Stopwatch.GetElapsedTime(start) > Patience + TimeSpan.FromSeconds(jitter))
                throw new TimeoutException($"Only {count} of {options.Clients} clients have connected. Is the limit of open files high enough?");
            await Task.Delay(TimeSpan.FromSeconds(0.5));
        }
    }
}
