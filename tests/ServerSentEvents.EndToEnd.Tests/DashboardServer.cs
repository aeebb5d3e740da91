using System.Globalization;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>A dashboard that can restart at the same port.</summary>
internal sealed class DashboardServer : IDisposable
{
    private readonly string[] _arguments;
    private SampleServer? _server;

    private DashboardServer(double interval, int history) => _arguments =
    [
        "--interval", interval.ToString(CultureInfo.InvariantCulture),
        "--history", history.ToString(CultureInfo.InvariantCulture),
    ];

    internal Uri Address => _server!.Address;

    /// <param name="interval">The seconds between two samples.</param>
    /// <param name="history">The number of samples that the dashboard keeps.</param>
    internal static async Task<DashboardServer> StartAsync(double interval, int history)
    {
        var dashboard = new DashboardServer(interval, history);
        dashboard._server = await SampleServer.StartAsync("Dashboard", FreePort.Find(), dashboard._arguments);
        return dashboard;
    }

    internal HttpClient NewClient(string? lastEventId = null)
    {
        var client = _server!.NewClient();
        if (lastEventId is not null)
            client.DefaultRequestHeaders.Add("Last-Event-ID", lastEventId);
        return client;
    }

    internal Task StopAsync() => _server!.StopAsync();

    internal Task KillAsync() => _server!.KillAsync();

    /// <summary>Starts the server again at the same port.</summary>
    internal async Task RestartAsync()
    {
        var port = Address.Port;
        _server!.Dispose();
        _server = await SampleServer.StartAsync("Dashboard", port, _arguments);
    }

    public void Dispose() => _server?.Dispose();
}
