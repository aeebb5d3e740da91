namespace ServerSentEvents.LoadTest.Servers;

/// <summary>A server process with a port for clients, and another one over which the load test publishes and asks.</summary>
internal abstract class ControlledServer : IDisposable
{
    private protected ControlledServer(Setup setup, params string[] arguments)
    {
        Process = ChildProcess.OfThisProgram(Affinity.None, arguments);
        try
        {
            var ports = Process.ReadLine()[WebServer.Listening.Length..].Split(' ');
            Events = new Uri($"{(setup.Tls ? "https" : "http")}://127.0.0.1:{ports[0]}{WebServer.Path}");
            // A publish can wait for a broker that is away.
            Control = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{ports[1]}"), Timeout = TimeSpan.FromMinutes(3) };
        }
        catch
        {
            Process.Dispose();
            throw;
        }
    }

    /// <summary>The address of the stream.</summary>
    internal Uri Events { get; }

    private protected ChildProcess Process { get; }

    private protected HttpClient Control { get; }

    public void Dispose()
    {
        Control.Dispose();
        Process.Dispose();
    }
}
