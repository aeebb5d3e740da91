using System.Globalization;
using ServerSentEvents.LoadTest.Servers;

namespace ServerSentEvents.LoadTest.Storm;

/// <summary>A server process of a storm, with a connection that asks for its arrivals.</summary>
internal sealed class StormNode : IDisposable
{
    private readonly ChildProcess _process;
    private readonly HttpClient _control;

    internal StormNode(Setup setup, int jitter)
    {
        _process = ChildProcess.OfThisProgram(
            Affinity.None, "storm-server", setup.ToString(), jitter.ToString(CultureInfo.InvariantCulture));
        try
        {
            var ports = _process.ReadLine()[WebServer.Listening.Length..].Split(' ');
            Events = new Uri($"{(setup.Tls ? "https" : "http")}://127.0.0.1:{ports[0]}{WebServer.Path}");
            _control = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{ports[1]}") };
        }
        catch
        {
            _process.Dispose();
            throw;
        }
    }

    /// <summary>The address of the stream.</summary>
    internal Uri Events { get; }

    internal TimeSpan ProcessorTime => ProcFile.ProcessorTime(_process.Id);

    internal long ResidentBytes => ProcFile.ResidentBytes(_process.Id);

    internal Task<int> CountAsync() => _control.GetFromJsonAsync<int>(new Uri("/count", UriKind.Relative));

    /// <summary>Returns the times at which clients subscribed, in ticks of the clock that all processes share.</summary>
    internal async Task<long[]> GetArrivalsAsync() =>
        (await _control.GetFromJsonAsync<long[]>(new Uri("/arrivals", UriKind.Relative)))!;

    /// <summary>Starts a graceful shutdown.</summary>
    internal void ShutDown() => _process.CloseInput();

    /// <summary>Kills the process.</summary>
    internal void Kill() => _process.Kill();

    public void Dispose()
    {
        _control.Dispose();
        _process.Dispose();
    }
}
