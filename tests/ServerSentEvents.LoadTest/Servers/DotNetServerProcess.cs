namespace ServerSentEvents.LoadTest.Servers;

/// <summary>A server of this program, in another process.</summary>
internal sealed class DotNetServerProcess : ServerProcess
{
    private readonly ChildProcess _process;

    internal DotNetServerProcess(ServerKind kind, Setup setup)
    {
        _process = ChildProcess.OfThisProgram(Affinity.ForServers, "server", kind.Name, setup.ToString());
        try
        {
            string line;
            do
            {
                // On a busy machine the server may log a warning first.
                line = _process.ReadLine();
            }
            while (!line.StartsWith(WebServer.Listening, StringComparison.Ordinal));
            var ports = line[WebServer.Listening.Length..].Split(' ');
            (Port, PostPort) = (Parse.Number(ports[0]), Parse.Number(ports[1]));
        }
        catch
        {
            _process.Dispose();
            throw;
        }
    }

    internal override int Port { get; }

    internal override int PostPort { get; }

    internal override int ProcessId => _process.Id;

    public override void Dispose() => _process.Dispose();
}
