using System.Globalization;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>A dashboard that keeps its samples in a folder of its own, and can be started again where it was.</summary>
internal sealed class DashboardServer : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dashboard-");
    private readonly string[] _arguments;
    private SampleServer? _server;

    private DashboardServer(double interval, int history) => _arguments =
    [
        "--interval", interval.ToString(CultureInfo.InvariantCulture),
        "--history", history.ToString(CultureInfo.InvariantCulture),
        "--state", Path.Combine(_folder.FullName, "samples.json"),
    ];

    internal Uri Address => _server!.Address;

    /// <param name="interval">The seconds between two samples.</param>
    /// <param name="history">How many samples are kept.</param>
    internal static async Task<DashboardServer> StartAsync(double interval, int history)
    {
        var dashboard = new DashboardServer(interval, history);
        try
        {
            dashboard._server = await SampleServer.StartAsync("Dashboard", port: 0, dashboard._arguments);
            return dashboard;
        }
        catch
        {
            dashboard.Dispose();
            throw;
        }
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

    /// <summary>At the port that it had, with what it has kept.</summary>
    internal async Task StartAgainAsync()
    {
        var port = Address.Port;
        _server!.Dispose();
        _server = await SampleServer.StartAsync("Dashboard", port, _arguments);
    }

    public void Dispose()
    {
        _server?.Dispose();
        _folder.Delete(recursive: true);
    }
}
