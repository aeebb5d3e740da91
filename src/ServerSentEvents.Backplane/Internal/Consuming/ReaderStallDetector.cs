namespace ServerSentEvents.Backplane.Internal.Consuming;

/// <summary>
/// A detector of stalled readers. A reader is stalled if the node's marker or a confirmed message of this node is expected, and
/// nothing comes for a long time. The time that the application takes to deliver a message does not count.
/// </summary>
/// <remarks>Safe for use by several threads. The clock, which can be the application's, is read outside the lock.</remarks>
internal sealed class ReaderStallDetector(TimeProvider time, TimeSpan stallTimeout)
{
    /// <summary>The shortest stall timeout while the marker is expected. The start of a reader takes several commands.</summary>
    internal static readonly TimeSpan MarkerTimeout = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();

    /// <summary>The highest sequence that this node has sent, or is about to send. Guarded by <see cref="_gate"/>.</summary>
    private ulong _sent;

    /// <summary>The highest confirmed sequence of this node. Guarded by <see cref="_gate"/>.</summary>
    private ulong _expected;

    /// <summary>The value of <see cref="_expected"/> when the current connection began. Guarded by <see cref="_gate"/>.</summary>
    private ulong _expectedBefore;

    /// <summary>The highest sequence of this node that was read, or need not be read. Guarded by <see cref="_gate"/>.</summary>
    private ulong _read;

    /// <summary>True from the start of a connection until the reader reaches the marker. Guarded by <see cref="_gate"/>.</summary>
    private bool _isMarkerAwaited;

    /// <summary>
    /// The time at which the current wait for an expected message began, as a timestamp; null for none. Guarded by
    /// <see cref="_gate"/>.
    /// </summary>
    private long? _waitingSince;

    /// <summary>True while a message is being delivered. Guarded by <see cref="_gate"/>.</summary>
    private bool _isDelivering;

    private TaskCompletionSource<Exception> _stalled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The length of the current wait for an expected message; zero if none is expected, or if the wait has not begun.</summary>
    internal TimeSpan Waiting
    {
        get
        {
            var now = time.GetTimestamp();
            lock (_gate)
                return _waitingSince is { } since ? time.GetElapsedTime(since, now) : TimeSpan.Zero;
        }
    }

    /// <summary>Returns whether the broker had confirmed a message before <see cref="Begin"/> that has not been read.</summary>
    /// <param name="current">The sequence of the message that is being delivered; 0 if it is not of this node.</param>
    internal bool IsMissing(ulong current)
    {
        lock (_gate)
            return _expectedBefore > Math.Max(_read, current);
    }

    /// <summary>Starts to watch a connection, and waits for its marker.</summary>
    /// <returns>A task that completes with the reason if the connection is stalled.</returns>
    internal Task<Exception> Begin()
    {
        var now = time.GetTimestamp();
        lock (_gate)
        {
            _stalled = new(TaskCreationOptions.RunContinuationsAsynchronously);
            (_isDelivering, _isMarkerAwaited, _expectedBefore) = (false, true, _expected);
            StartWaiting_NeedsLock(now);
            return _stalled.Task;
        }
    }

    /// <summary>Restarts or ends the wait for the marker of this connection. Each message restarts the wait.</summary>
    /// <param name="isAwaited">True when the marker is in the stream; false when the reader has reached it.</param>
    internal void SetMarkerAwaited(bool isAwaited)
    {
        var now = time.GetTimestamp();
        lock (_gate)
        {
            _isMarkerAwaited = isAwaited;
            StartWaiting_NeedsLock(now);
        }
    }

    /// <summary>Notes that a message of this node is about to be sent.</summary>
    internal void BeginSending(ulong sequence)
    {
        lock (_gate)
            _sent = Math.Max(_sent, sequence);
    }

    /// <summary>
    /// Expects a message of this node, because the broker has confirmed it. The wait for it begins with the next <see cref="Check"/>. A
    /// transport can hold a lock here, so this method does not read the clock.
    /// </summary>
    internal void Expect(ulong sequence)
    {
        lock (_gate)
            _expected = Math.Max(_expected, sequence);
    }

    /// <summary>Notes that a message has come and is being delivered.</summary>
    internal void BeginMessage()
    {
        lock (_gate)
            (_isDelivering, _waitingSince) = (true, null);
    }

    /// <summary>Notes that a message is delivered.</summary>
    /// <param name="sequence">The sequence if the message is of this node; else 0.</param>
    internal void EndMessage(ulong sequence)
    {
        var now = time.GetTimestamp();
        lock (_gate)
        {
            _isDelivering = false;
            _read = Math.Max(_read, sequence);
            StartWaiting_NeedsLock(now);
        }
    }

    /// <summary>
    /// Stops expecting all messages sent so far, even those that are confirmed later. They may be before the place where the
    /// reader starts, or in a stream that is gone.
    /// </summary>
    internal void ExpectNothing()
    {
        lock (_gate)
            (_read, _waitingSince) = (Math.Max(_sent, _expected), null);
    }

    /// <summary>Starts the wait for an expected message, and gives up the connection if it is stalled. Call from time to time.</summary>
    internal void Check()
    {
        var now = time.GetTimestamp();
        lock (_gate)
        {
            if (!_isDelivering && _expected > _read)
                _waitingSince ??= now;
            var longest = _isMarkerAwaited && stallTimeout < MarkerTimeout ? MarkerTimeout : stallTimeout;
            if (!_isDelivering && _waitingSince is { } since && time.GetElapsedTime(since, now) >= longest)
                _stalled.TrySetResult(new TimeoutException($"Nothing has been read for {longest}, although the stream has more."));
        }
    }

    private void StartWaiting_NeedsLock(long now) => _waitingSince = _isMarkerAwaited || _expected > _read ? now : null;
}
