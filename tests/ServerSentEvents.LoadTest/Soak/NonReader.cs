using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace ServerSentEvents.LoadTest.Soak;

/// <summary>A client that never reads, and waits until the server has ended its stream.</summary>
internal sealed class NonReader(int number, int channel, Random random, Crowd crowd)
{
    /// <summary>The time within which the server ends a stream, with a generous margin for a busy machine.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>The time before the end of the phase at which no non-reader begins, so that the phase need not wait.</summary>
    private static readonly TimeSpan LastStart = TimeSpan.FromSeconds(30);

    internal async Task RunAsync()
    {
        await PauseAsync(crowd.RampUp * random.NextDouble());
        bool hasConnected;
        do
        {
            using var connections = new Connections(crowd.Setup);
            hasConnected = await OpenWithoutReadingAsync(connections.Http);
            connections.Vanish();
            await PauseAsync(TimeSpan.FromSeconds(10 * random.NextDouble()));
        }
        // A client that could not connect tries until the end, because the phase waits for the first stream of each client.
        while (crowd.Remaining > (hasConnected ? LastStart : TimeSpan.Zero));
    }

    /// <summary>Opens a stream, and waits until the server ends it. Returns false if no connection could be made.</summary>
    private async Task<bool> OpenWithoutReadingAsync(HttpClient http)
    {
        using var request = crowd.AnyNode(random).NewRequest(
            channel, http, string.Create(CultureInfo.InvariantCulture, $"&nonReader={number}"));
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            if (response.StatusCode != HttpStatusCode.OK)
                crowd.Findings.Report($"Non-reader {number} in channel {channel}: the server has answered {(int)response.StatusCode}.");
            crowd.Come(number);
            var start = Stopwatch.GetTimestamp();
            while (!crowd.Sampler.IsGone(number, since: start))
            {
                if (Stopwatch.GetElapsedTime(start) > Patience)
                {
                    crowd.Findings.Report($"Non-reader {number} in channel {channel}: the server has not ended the stream within {Patience}.");
                    return true;
                }

                await Task.Delay(TimeSpan.FromSeconds(0.5));
            }

            crowd.Findings.CountNonReaderEnded();
            return true;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            // On a busy machine, a TLS handshake may take too long. Try again later.
            return false;
        }
    }

    private async Task PauseAsync(TimeSpan duration) =>
        await Task.Delay(duration, crowd.Closing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
