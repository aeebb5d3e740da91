using ServerSentEvents.Client;

namespace ServerSentEvents.LoadTest.Soak;

/// <summary>A client that reads events with the client library of this project.</summary>
internal sealed class EventReader(ClientKind kind, int number, int channel, Random random, Crowd crowd)
{
    private const int SlowBytesPerSecond = 20 * 1024;

    /// <summary>
    /// Five heartbeats of the server. When a system gives up a connection, the other side may never hear of it, so a client that
    /// waits for data notices only the silence.
    /// </summary>
    private static readonly TimeSpan StallTimeout = 5 * SoakServer.HeartbeatInterval;

    private Sequence? _sequence;

    /// <summary>The bytes that a slow reader takes before its next pause.</summary>
    private int _burst;

    /// <summary>The bytes that a slow reader has taken since its last pause.</summary>
    private int _taken;

    internal async Task RunAsync()
    {
        await PauseAsync(crowd.RampUp * random.NextDouble());
        do
        {
            if (kind == ClientKind.Vanishing)
                await VanishAsync();
            else
                await StayAsync();
            await PauseAsync(TimeSpan.FromSeconds(3 * random.NextDouble()));
        }
        while (!crowd.Leaving.IsCancellationRequested && (kind == ClientKind.Resuming || !crowd.Closing.IsCancellationRequested));
    }

    private async Task StayAsync()
    {
        if (_sequence is null || kind != ClientKind.Resuming)
            _sequence = crowd.Open(kind, number, channel);
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(crowd.Leaving);
        if (kind is ClientKind.Returning or ClientKind.Resuming)
            leave.CancelAfter(TimeSpan.FromSeconds(2 + (18 * random.NextDouble())));
        // Clients that are here when the phase closes stay for the last event.
        await using (crowd.Closing.Register(() => leave.CancelAfter(Timeout.InfiniteTimeSpan)))
            await ReadAsync(crowd.Http, _sequence, leave.Token);
        if (kind != ClientKind.Resuming)
            crowd.Close(_sequence);
    }

    private async Task VanishAsync()
    {
        using var connections = new Connections(crowd.Setup);
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(crowd.Closing);
        var sequence = new Sequence(kind, number, channel, crowd.Feed, crowd.Findings);
        // The read uses the random numbers, too, and they are not for two threads.
        var stay = TimeSpan.FromSeconds(1 + (9 * random.NextDouble()));
        var reading = ReadAsync(connections.Http, sequence, leave.Token);
        await PauseAsync(stay);
        connections.Vanish();
        await leave.CancelAsync();
        await reading;
    }

    private async Task ReadAsync(HttpClient http, Sequence sequence, CancellationToken leave)
    {
        var client = new EventStreamClient(http, new EventStreamClientOptions
        {
            LastEventId = sequence.LastEventId,
            StallTimeout = StallTimeout,
            Connected = connection =>
            {
                crowd.Come(number);
                if (connection.LastEventId is not null)
                    crowd.Findings.CountResume();
            },
        });
        try
        {
            await foreach (var item in client.ReadAsync(_ => new(crowd.AnyNode(random).NewRequest(channel, http)), leave))
            {
                sequence.Receive(item);
                if (kind == ClientKind.Slow)
                    await PauseAfterBurstAsync(item.Data.Length);
            }

            crowd.Findings.Report($"{kind} {number} in channel {channel}: the server has asked the client to stop.");
        }
        catch (OperationCanceledException) when (leave.IsCancellationRequested)
        {
            // The client leaves.
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            crowd.Findings.Report($"{kind} {number} in channel {channel}: {exception}");
        }
    }

    /// <summary>Pauses after some seconds' worth of bytes for that time.</summary>
    private async Task PauseAfterBurstAsync(int bytes)
    {
        _taken += bytes;
        if (_taken < _burst)
            return;
        await PauseAsync(TimeSpan.FromSeconds((double)_taken / SlowBytesPerSecond));
        (_taken, _burst) = (0, random.Next(SlowBytesPerSecond, 8 * SlowBytesPerSecond));
    }

    private async Task PauseAsync(TimeSpan duration) =>
        await Task.Delay(duration, crowd.Closing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
