namespace ServerSentEvents.LoadTest.Servers;

/// <summary>A <see cref="WebServer"/>, as another process.</summary>
internal sealed class KestrelProcess : ServerProcess
{
    private readonly ChildProcess _process;

    internal KestrelProcess(ServerKind kind, bool inline)
    {
        _process = ChildProcess.OfThisProgram(Affinity.ForServers, "server", kind.Name, inline.ToString());
        try
        {
            string line;
            do
            {
                // On a busy machine the server may have warned of that before.
                line = _process.ReadLine();
            }
            while (!line.StartsWith(WebServer.Listening, StringComparison.Ordinal));
            Port = Parse.Number(line[WebServer.Listening.Length..]);
        }
        catch
        {
            _process.Dispose();
            throw;
        }
    }

    internal override int Port { get; }

    internal override int ProcessId => _process.Id;

    public override void Dispose() => _process.Dispose();
}
