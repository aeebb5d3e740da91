using Microsoft.Extensions.Logging;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>
/// The shutdown of all streams when the application stops. A host waits for all requests, and streams do not end by themselves.
/// </summary>
/// <remarks>
/// Publishers are drained, so that each stream tells its client when to reconnect. If the application subscribed itself, only
/// that subscription is closed, and its publisher continues. A client that does not read the rest in time loses its
/// connection. Handlers of the application delay no stream, and the host for some seconds at most.
/// </remarks>
internal sealed class StreamShutdown(TimeProvider time, ILogger logger)
{
    /// <summary>
    /// The time for a client to read its queued events, and again to read the end of the stream.
    /// </summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// The time for the other requests on the connection of a client that was cut off. The host waits for that connection, and
    /// its timeout is much longer.
    /// </summary>
    private static readonly TimeSpan GraceForOthers = TimeSpan.FromSeconds(5);

    /// <summary>Drains the publishers, and ends the streams of subscriptions that the application made.</summary>
    /// <param name="drains">Functions that begin to drain a publisher. Each returns the function that calls the handlers.</param>
    /// <param name="streams">The streams.</param>
    /// <returns>The task of the handlers. It starts after the end of all streams has begun, so that a slow handler delays no stream.</returns>
    internal Task End(Func<Action>[] drains, OpenStream[] streams)
    {
        foreach (var stream in streams)
            Try(() => stream.AbortAfter(Grace, GraceForOthers, time, logger));
        var announcements = new List<Action>();
        // Delegates that drain the same publisher are equal.
        foreach (var begin in drains.Concat(streams.Select(stream => stream.BeginEnd)).Distinct())
            Try(() => announcements.Add(begin()));
        return Task.Run(() => announcements.ForEach(Try));
    }

    /// <summary>Ends one publisher or stream. An exception is logged, so that the others are ended too.</summary>
    internal void Try(Action end) => Guarded.Run(end, logger);
}
