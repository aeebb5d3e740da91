using ServerSentEvents.LoadTest.Nodes.Brokers;
using ServerSentEvents.Testing;

namespace ServerSentEvents.LoadTest.Soak;

/// <summary>
/// The random faults of a broker: it is killed and starts again, its network stalls, or all its connections are cut. It keeps
/// what it has confirmed, so no client may miss an event.
/// </summary>
/// <param name="broker">The broker.</param>
/// <param name="interval">The mean pause between two faults.</param>
/// <param name="random">The source of kinds and times.</param>
/// <param name="findings">Counts the faults.</param>
internal sealed class BrokerFaults(BrokerInstance broker, TimeSpan interval, Random random, Findings findings) : IAsyncDisposable
{
    /// <summary>The longest time for which a killed broker stays away.</summary>
    private static readonly TimeSpan LongestAbsence = TimeSpan.FromSeconds(5);

    /// <summary>The longest stall. Nodes notice some of them, and reconnect.</summary>
    private static readonly TimeSpan LongestStall = TimeSpan.FromSeconds(20);

    /// <summary>The network between the nodes and the broker.</summary>
    private readonly TcpProxy _network = new(broker.Port);

    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;

    /// <summary>The port at which nodes reach the broker.</summary>
    internal int Port => _network.Port;

    /// <summary>Starts to cause faults. Returns a task that fails if the broker does not start again.</summary>
    internal Task Start() => _running = RunAsync(_stopping.Token);

    /// <summary>Causes no fault anymore. The broker works again when the task completes.</summary>
    internal async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await _running;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        // A failure of the faults has ended the run before.
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _network.DisposeAsync();
        _stopping.Dispose();
    }

    private async Task RunAsync(CancellationToken stop)
    {
        while (await PauseAsync(2 * interval, stop))
        {
            switch (random.Next(3))
            {
                case 0:
                    await KillAsync(stop);
                    break;
                case 1:
                    await StallAsync(stop);
                    break;
                default:
                    _network.Cut();
                    break;
            }

            findings.CountFault();
        }
    }

    private async Task KillAsync(CancellationToken stop)
    {
        await broker.KillAsync();
        await PauseAsync(LongestAbsence, stop);
        await broker.RunAsync();
    }

    private async Task StallAsync(CancellationToken stop)
    {
        _network.Stall();
        await PauseAsync(LongestStall, stop);
        _network.GoOn();
    }

    /// <summary>Waits for a random time. Returns false if the faults end.</summary>
    private async Task<bool> PauseAsync(TimeSpan longest, CancellationToken stop)
    {
        await Task.Delay(longest * random.NextDouble(), stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !stop.IsCancellationRequested;
    }
}
