using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ServerSentEvents.Internal.Compatibility;

namespace ServerSentEvents.AspNetCore.Internal;

/// <summary>One response that is being written, with the ways to end it from outside.</summary>
internal sealed class OpenStream
{
    private readonly Lock _gate = new();

    private readonly HttpContext _context;

    /// <summary>The connection; null if the server does not offer it.</summary>
    private readonly IConnectionLifetimeFeature? _connection;

    /// <summary>The feature that tells an HTTP/1 connection to serve no other request after this one; null for other connections.</summary>
    private readonly IConnectionLifetimeNotificationFeature? _ownConnection;

    /// <summary>
    /// True when the request is over: the server may reuse its context for another request. Guarded by <see cref="_gate"/>.
    /// Aborting takes the same lock, so that the request cannot become over between the check and the abort.
    /// </summary>
    private bool _isOver;

    /// <summary>1 when the client has a time limit for the end. Changed by an interlocked operation.</summary>
    private int _isAborting;

    /// <summary>The timer of the next step of the end. A timer without a reference is collected.</summary>
    private ITimer? _grace;

    /// <param name="context">The request.</param>
    /// <param name="beginEnd">
    /// Begins to drain the publisher of the stream, or to close a subscription that the application made. Returns the function that
    /// calls the handlers.
    /// </param>
    internal OpenStream(HttpContext context, Func<Action> beginEnd)
    {
        _context = context;
        BeginEnd = beginEnd;
        _connection = context.Features.Get<IConnectionLifetimeFeature>();
        if (EventStreamRequest.IsHttp1(context.Request))
            _ownConnection = context.Features.Get<IConnectionLifetimeNotificationFeature>();
    }

    /// <summary>The function that begins to end the stream when the application stops. It returns the function that calls the handlers.</summary>
    internal Func<Action> BeginEnd { get; }

    /// <summary>
    /// Aborts the request of a client that read nothing for too long after the end of its stream. Aborts an HTTP/1.1 connection
    /// too. Other requests of an HTTP/2 connection continue.
    /// </summary>
    internal void CutOff(ILogger logger) => Guarded.Run(
        () =>
        {
            var isAborted = TryAbortRequest();
            if (_ownConnection is not null)
                AbortConnection();
            // Log last: a log provider can throw.
            if (isAborted)
                Log.CutOff(logger);
        },
        logger);

    /// <summary>
    /// Gives the client a time to read the rest, and then aborts its request. If the request is not over after the same time
    /// again, aborts the connection: a connection that cannot send the reset of one stream cannot serve other streams either.
    /// </summary>
    /// <param name="grace">The time for each of these steps.</param>
    /// <param name="graceForOthers">
    /// The time for the other requests of an HTTP/2 connection on which this request was aborted. Data that was sent before can
    /// still be stuck in the connection, and the server cannot detect it.
    /// </param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The logger for requests that are aborted.</param>
    internal void AbortAfter(TimeSpan grace, TimeSpan graceForOthers, TimeProvider time, ILogger logger)
    {
        // A client whose stream is over may use its connection for another request now.
        if (Interlocked.Exchange(ref _isAborting, 1) != 0 || IsOver())
            return;
        _grace = After(grace, () => AbortRequest(grace, graceForOthers, time, logger), time, logger);
        // Calls callbacks of the application, which can throw.
        _ownConnection?.RequestClose();
    }

    /// <summary>Marks the request as over. Call when nothing uses the response anymore.</summary>
    internal void SetOver()
    {
        lock (_gate)
            _isOver = true;
    }

    private void AbortRequest(TimeSpan grace, TimeSpan graceForOthers, TimeProvider time, ILogger logger)
    {
        var isAborted = TryAbortRequest();
        // After the end of the request, the server can still wait until the client reads the rest of the response.
        if (_ownConnection is not null)
            AbortConnection();
        else if (isAborted)
            _grace = After(grace, () => AbortShared(graceForOthers, time, logger), time, logger);
        // Log last: a log provider can throw.
        if (isAborted)
            Log.CutOff(logger);
    }

    private void AbortShared(TimeSpan graceForOthers, TimeProvider time, ILogger logger)
    {
        if (!IsOver())
            AbortConnection();
        else
            _grace = After(graceForOthers, AbortConnection, time, logger);
    }

    private bool TryAbortRequest()
    {
        lock (_gate)
        {
            if (_isOver)
                return false;
            _context.Abort();
            return true;
        }
    }

    private bool IsOver()
    {
        lock (_gate)
            return _isOver;
    }

    private void AbortConnection()
    {
        if (_connection is { ConnectionClosed.IsCancellationRequested: false })
            _connection.Abort();
    }

    /// <summary>Starts a timer for a step. An exception is logged: from a timer, it would end the process.</summary>
    private static ITimer After(TimeSpan grace, Action step, TimeProvider time, ILogger logger)
    {
        Action guarded = () => Guarded.Run(step, logger);
        return time.CreateDetachedTimer(static guarded => ((Action)guarded!)(), guarded, grace, Timeout.InfiniteTimeSpan);
    }
}
