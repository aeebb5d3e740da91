using Microsoft.Extensions.Logging;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>Ends streams when the application stops. A host waits for all requests, and streams do not end by themselves.</summary>
/// <remarks>
/// It drains the publishers, so that each stream tells its client when to reconnect. A subscription that the application made
/// itself is closed, and its publisher goes on. A client that does not take the rest in
/// time loses its connection, whatever the application's handlers do in the meantime.
/// </remarks>
internal sealed class StreamShutdown(TimeProvider time, ILogger logger)
{
    /// <summary>
    /// The time for a client to take what is queued, and again to take its end. Both together are below a second.
    /// </summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// The time for the other requests on the connection of a client that was cut off. It is far below the timeout of a host,
    /// which waits for that connection.
    /// </summary>
    private static readonly TimeSpan GraceForOthers = TimeSpan.FromSeconds(5);

    /// <summary>Drains the registered publishers, and then ends the streams of others.</summary>
    internal void End(Action[] drains, OpenStream[] streams)
    {
        // The time starts first: a handler of Unsubscribed may take long.
        foreach (var stream in streams)
            stream.LeaveWithin(Grace, GraceForOthers, time, logger);
        foreach (var drain in drains)
            Try(drain);
        // Delegates that drain the same publisher are equal.
        foreach (var end in streams.Select(stream => stream.EndAtStop).Distinct())
            Try(end);
    }

    /// <summary>Ends one publisher or stream. An exception is logged, so that the others are ended too.</summary>
    internal void Try(Action end)
    {
        try
        {
            end();
        }
        catch (Exception exception)
        {
            Log.EndFailed(logger, exception);
        }
    }
}
