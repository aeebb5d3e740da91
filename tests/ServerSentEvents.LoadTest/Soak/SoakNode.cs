using System.Globalization;
using ServerSentEvents.LoadTest.Servers;

namespace ServerSentEvents.LoadTest.Soak;

/// <summary>A server process of the soak, with a connection that publishes and asks.</summary>
/// <param name="phase">The phase.</param>
/// <param name="brokerPort">The port of the broker; 0 for none.</param>
internal sealed class SoakNode(SoakPhase phase, int brokerPort) : ControlledServer(
    phase.Setup,
    "soak-server",
    phase.Setup.ToString(),
    phase.Broker?.Name ?? "none",
    brokerPort.ToString(CultureInfo.InvariantCulture))
{
    internal int ProcessId => Process.Id;

    /// <summary>Returns a request for the events of a channel.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="http">The client that will send the request.</param>
    /// <param name="query">The rest of the query.</param>
    internal HttpRequestMessage NewRequest(int channel, HttpClient http, string query = "") =>
        new(HttpMethod.Get, string.Create(CultureInfo.InvariantCulture, $"{Events}?channel={channel}{query}"))
        {
            Version = http.DefaultRequestVersion,
            VersionPolicy = http.DefaultVersionPolicy,
        };

    /// <summary>Publishes events in order. Completes when all are confirmed.</summary>
    /// <param name="lines">A line for each event: its channel, number and length.</param>
    internal async Task PublishAsync(string lines)
    {
        using var content = new StringContent(lines);
        using var response = await Control.PostAsync(new Uri("/publish", UriKind.Relative), content);
        response.EnsureSuccessStatusCode();
    }

    internal async Task<SoakState> GetStateAsync() =>
        (await Control.GetFromJsonAsync<SoakState>(new Uri("/state", UriKind.Relative)))!;

    /// <summary>Collects the garbage. Returns the number of bytes that are in use then.</summary>
    internal async Task<long> CollectAsync()
    {
        using var response = await Control.PostAsync(new Uri("/collect", UriKind.Relative), content: null);
        response.EnsureSuccessStatusCode();
        return long.Parse(await response.Content.ReadAsStringAsync(), CultureInfo.InvariantCulture);
    }
}
