using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ServerSentEvents.Internal.Compatibility;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>One response that is being written, as those see it who end it from outside.</summary>
internal sealed class OpenStream
{
    private readonly HttpContext _context;

    /// <summary>Ends the stream after its queued events.</summary>
    private readonly Action _close;

    /// <summary>Null where the server does not let anybody at it.</summary>
    private readonly IConnectionLifetimeFeature? _connection;

    /// <summary>What tells an HTTP/1 connection, which serves this stream alone, to serve nothing else; null for others.</summary>
    private readonly IConnectionLifetimeNotificationFeature? _ownConnection;

    /// <summary>
    /// The request is over: its context may be another's by now. Guarded by a lock on this, under which the request is aborted,
    /// so that it cannot be over in between; the one thing that waits for that lock is its own end.
    /// </summary>
    private bool _isOver;

    /// <summary>1 as soon as its end is timed, changed by an interlocked operation.</summary>
    private int _isLeaving;

    /// <summary>Kept because a timer lives no longer than somebody holds it.</summary>
    private ITimer? _grace;

    internal OpenStream(HttpContext context, Action close)
    {
        _context = context;
        _close = close;
        _connection = context.Features.Get<IConnectionLifetimeFeature>();
        if (HttpProtocol.IsHttp11(context.Request.Protocol) || HttpProtocol.IsHttp10(context.Request.Protocol))
            _ownConnection = context.Features.Get<IConnectionLifetimeNotificationFeature>();
    }

    /// <summary>Ends the stream after its queued events.</summary>
    internal void Close() => _close();

    /// <summary>
    /// Aborts the request of a client that took nothing for too long after the end of its stream, and an HTTP/1.1 connection
    /// with it. Other requests of an HTTP/2 connection go on.
    /// </summary>
    internal void CutOff(ILogger logger)
    {
        try
        {
            if (TryAbortRequest())
                Log.CutOff(logger);
            if (_ownConnection is not null)
                AbortConnection();
        }
        catch (Exception exception)
        {
            Log.EndFailed(logger, exception);
        }
    }

    /// <summary>
    /// Gives the client so long to take what is left; then its request is aborted, and after as long again, if even that is
    /// not over, the connection: where the reset of one stream is not taken, it can serve no other either.
    /// </summary>
    /// <param name="grace">For each of these steps.</param>
    /// <param name="graceForOthers">
    /// How long the other requests of a connection can take that is to close, counted from the end of this one where that was
    /// aborted: what was sent before may still be stuck in it, and nothing tells.
    /// </param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">For what is cut off.</param>
    internal void LeaveWithin(TimeSpan grace, TimeSpan graceForOthers, TimeProvider time, ILogger logger)
    {
        if (Interlocked.Exchange(ref _isLeaving, 1) != 0)
            return;
        _ownConnection?.RequestClose();
        _grace = After(grace, () => Leave(grace, graceForOthers, time, logger), time, logger);
    }

    internal void SetOver()
    {
        lock (this)
            _isOver = true;
    }

    private void Leave(TimeSpan grace, TimeSpan graceForOthers, TimeProvider time, ILogger logger)
    {
        var isAborted = TryAbortRequest();
        if (isAborted)
            Log.CutOff(logger);
        // When the request is over, the server may still have something that the client does not take, and wait for it.
        if (_ownConnection is not null)
            AbortConnection();
        else if (isAborted)
            _grace = After(grace, () => LeaveShared(graceForOthers, time, logger), time, logger);
    }

    private void LeaveShared(TimeSpan graceForOthers, TimeProvider time, ILogger logger)
    {
        if (!IsOver())
            AbortConnection();
        else
            _grace = After(graceForOthers, AbortConnection, time, logger);
    }

    private bool TryAbortRequest()
    {
        lock (this)
        {
            if (_isOver)
                return false;
            _context.Abort();
            return true;
        }
    }

    private bool IsOver()
    {
        lock (this)
            return _isOver;
    }

    private void AbortConnection()
    {
        if (_connection is { ConnectionClosed.IsCancellationRequested: false })
            _connection.Abort();
    }

    /// <summary>What a server throws must not end the process, as it would from a timer.</summary>
    private static ITimer After(TimeSpan grace, Action step, TimeProvider time, ILogger logger)
    {
        Action guarded = () =>
        {
            try
            {
                step();
            }
            catch (Exception exception)
            {
                Log.EndFailed(logger, exception);
            }
        };
        return time.CreateDetachedTimer(static guarded => ((Action)guarded!)(), guarded, grace, Timeout.InfiniteTimeSpan);
    }
}
