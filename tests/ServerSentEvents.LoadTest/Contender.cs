using System.Globalization;
using ServerSentEvents.LoadTest.Clients;
using ServerSentEvents.LoadTest.Servers;

namespace ServerSentEvents.LoadTest;

/// <summary>A server and its clients, each in its own process, for repeated measurements.</summary>
internal sealed class Contender : IDisposable
{
    private readonly ServerProcess _server;
    private readonly ChildProcess _clients;

    internal Contender(ServerKind kind, Options options)
    {
        Kind = kind;
        _server = ServerProcess.Start(kind, options.Setup);
        _clients = ChildProcess.OfThisProgram(
            Affinity.ForClients, "client", Text(_server.Port), Text(_server.PostPort), Text(_server.ProcessId),
            Text(options.Bytes - EventData.EnvelopeBytes - kind.ExtraBytes), options.Setup.ToString());
    }

    internal ServerKind Kind { get; }

    /// <summary>The number of bytes of the server that are in memory now.</summary>
    internal long ResidentBytes => ProcFile.ResidentBytes(_server.ProcessId);

    /// <summary>Connects more clients.</summary>
    internal void Connect(int clients) => _clients.Ask(string.Create(CultureInfo.InvariantCulture, $"connect {clients}"));

    /// <summary>Publishes a number of events. If the number is 0, publishes for a number of seconds.</summary>
    internal RunResult Run(Scenario scenario, int events, double seconds) =>
        RunResult.FromLine(_clients.Ask(string.Create(CultureInfo.InvariantCulture, $"run {scenario} {events} {seconds}")));

    public void Dispose()
    {
        _clients.Dispose();
        _server.Dispose();
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
