using System.Diagnostics;
using System.Globalization;

namespace ServerSentEvents.LoadTest.Soak;

/// <summary>A client that never reads. Waits until the server has ended the stream.</summary>
internal sealed class Hanger(int number, int channel, Random random, Crowd crowd)
{
    /// <summary>The time within which the server ends a stream, with a generous margin for a busy machine.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>The time before the end of the phase at which no hanger begins, so that the phase need not wait.</summary>
    private static readonly TimeSpan LastStart = TimeSpan.FromSeconds(30);

    internal async Task RunAsync()
    {
        await PauseAsync(crowd.RampUp * random.NextDouble());
        bool hasHung;
        do
        {
            using var connections = new Connections(crowd.Setup);
            hasHung = await HangAsync(connections.Http);
            connections.Vanish();
            await PauseAsync(TimeSpan.FromSeconds(10 * random.NextDouble()));
        }
        while (crowd.Remaining > (hasHung ? LastStart : TimeSpan.Zero));
    }

    /// <summary>Returns whether there was a stream to hang on.</summary>
    private async Task<bool> HangAsync(HttpClient http)
    {
        using var request = crowd.AnyNode(random).NewRequest(
            channel, http, string.Create(CultureInfo.InvariantCulture, $"&hanger={number}"));
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            crowd.Come(number);
            var start = Stopwatch.GetTimestamp();
            while (!crowd.Sampler.IsGone(number, since: start))
            {
                if (Stopwatch.GetElapsedTime(start) > Patience)
                {
                    crowd.Findings.Report($"Hanger {number} in channel {channel}: the server has not ended the stream within {Patience}.");
                    return true;
                }

                await Task.Delay(TimeSpan.FromSeconds(0.5));
            }

            crowd.Findings.CountHangerEnded();
            return true;
        }
        catch (HttpRequestException)
        {
            // On a busy machine, a TLS handshake may take too long. Try again later.
            return false;
        }
    }

    private async Task PauseAsync(TimeSpan duration) =>
        await Task.Delay(duration, crowd.Closing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
