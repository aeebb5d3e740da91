namespace ServerSentEvents.LoadTest.Servers;

/// <summary>A server that runs in its own process.</summary>
internal abstract class ServerProcess : IDisposable
{
    /// <summary>The port for clients.</summary>
    internal abstract int Port { get; }

    /// <summary>The port for posting events, which always uses HTTP/1.1 without TLS.</summary>
    internal virtual int PostPort => Port;

    /// <summary>The id of the process whose CPU time and memory count.</summary>
    internal abstract int ProcessId { get; }

    /// <summary>Starts a server of a kind.</summary>
    internal static ServerProcess Start(ServerKind kind, Setup setup) =>
        kind == ServerKind.Nchan ? Nchan.Start() : new DotNetServerProcess(kind, setup);

    public abstract void Dispose();
}
