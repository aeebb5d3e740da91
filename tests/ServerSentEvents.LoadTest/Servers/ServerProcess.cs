namespace ServerSentEvents.LoadTest.Servers;

/// <summary>A server that runs, in a process of its own.</summary>
internal abstract class ServerProcess : IDisposable
{
    /// <summary>Where its clients connect to.</summary>
    internal abstract int Port { get; }

    /// <summary>The process whose time and memory count.</summary>
    internal abstract int ProcessId { get; }

    /// <summary>Starts one of a kind.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="inline">Whether Kestrel is told to do without the thread pool where it can.</param>
    internal static ServerProcess Start(ServerKind kind, bool inline) =>
        kind.NewStreams is null ? Nchan.Start() : new KestrelProcess(kind, inline);

    public abstract void Dispose();
}
