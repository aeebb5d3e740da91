using System.Globalization;
using ServerSentEvents.LoadTest.Nodes.Brokers;
using ServerSentEvents.LoadTest.Servers;

namespace ServerSentEvents.LoadTest.Soak;

/// <summary>A server process of the soak, with a connection that publishes and asks.</summary>
internal sealed class SoakNode : IDisposable
{
    private readonly ChildProcess _process;
    private readonly HttpClient _control;
    private readonly Uri _events;

    internal SoakNode(SoakPhase phase, BrokerInstance? broker)
    {
        _process = ChildProcess.OfThisProgram(
            Affinity.None, "soak-server", phase.Setup.ToString(), phase.Broker?.Name ?? "none",
            (broker?.Port ?? 0).ToString(CultureInfo.InvariantCulture));
        try
        {
            var ports = _process.ReadLine()[WebServer.Listening.Length..].Split(' ');
            _events = new Uri($"{(phase.Setup.Tls ? "https" : "http")}://127.0.0.1:{ports[0]}/events");
            _control = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{ports[1]}") };
        }
        catch
        {
            _process.Dispose();
            throw;
        }
    }

    internal int ProcessId => _process.Id;

    /// <summary>Returns a request for the events of a channel.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="http">The client that will send the request.</param>
    /// <param name="query">The rest of the query.</param>
    internal HttpRequestMessage NewRequest(int channel, HttpClient http, string query = "") =>
        new(HttpMethod.Get, string.Create(CultureInfo.InvariantCulture, $"{_events}?channel={channel}{query}"))
        {
            Version = http.DefaultRequestVersion,
            VersionPolicy = http.DefaultVersionPolicy,
        };

    /// <summary>Publishes events in order. Completes when all are confirmed.</summary>
    /// <param name="lines">A line for each event: its channel, number and length.</param>
    internal async Task PublishAsync(string lines)
    {
        using var content = new StringContent(lines);
        using var response = await _control.PostAsync(new Uri("/publish", UriKind.Relative), content);
        response.EnsureSuccessStatusCode();
    }

    internal async Task<SoakState> GetStateAsync() =>
        (await _control.GetFromJsonAsync<SoakState>(new Uri("/state", UriKind.Relative)))!;

    /// <summary>Collects the garbage. Returns the number of bytes that are in use then.</summary>
    internal async Task<long> CollectAsync()
    {
        using var response = await _control.PostAsync(new Uri("/collect", UriKind.Relative), content: null);
        response.EnsureSuccessStatusCode();
        return long.Parse(await response.Content.ReadAsStringAsync(), CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        _control.Dispose();
        _process.Dispose();
    }
}
