using System.Diagnostics.CodeAnalysis;
using ServerSentEvents.Internal.Compatibility;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.Queues;

/// <summary>The initial data that the reader loads when it starts to read.</summary>
/// <param name="load">Calls the application's function, and formats its result.</param>
/// <param name="newRetry">Makes the reconnection interval that is sent if the load fails.</param>
/// <param name="next">The leading frames after these; null for none.</param>
[SuppressMessage(
    "Design",
    "CA1001",
    Justification = "Another thread can cancel the load at any time. Without a timer, the token source holds nothing to dispose.")]
internal sealed class InitialLoad(
    Func<CancellationToken, Task<Frame[]>> load, Func<Frame> newRetry, LeadingFrames? next) : LeadingFrames
{
    private readonly CancellationTokenSource _cancellation = new();

    /// <summary>The source of the task that the reader waits for. A heartbeat replaces it.</summary>
    private TaskCompletionSource<bool> _wait = NewWait();

    /// <summary>True if the reader can take a heartbeat.</summary>
    private volatile bool _hasHeartbeat;

    /// <summary>
    /// A <see cref="LoadState"/>, changed by interlocked operations. Loaded, Failed and Stopped are final, so a reader that found no
    /// frames finds none later.
    /// </summary>
    private int _state;

    /// <summary>The loaded frames, or the reconnection interval after a failure. Written before the state.</summary>
    private InitialFrames? _frames;

    /// <summary>The exception of the load. Written before the state.</summary>
    private Exception? _failure;

    /// <summary>
    /// The task that completes when the function has returned. It never fails. If the function ignores its token, it can complete after
    /// the reader's wait. It is complete as long as the function is not called.
    /// </summary>
    internal Task Completion { get; private set; } = Task.CompletedTask;

    /// <summary>The time of the last heartbeat, or of the start of the subscription. Guarded by the registry's lock.</summary>
    internal long LastHeartbeat { get; set; }

    internal override LeadingFrames? Next => next;

    internal override int Count => Frames?.Count ?? 0;

    /// <summary>False while the load is under way, because the stream cannot end before it.</summary>
    internal override bool IsEmpty => State == LoadState.Loaded && Count == 0;

    /// <summary>True until the load has succeeded: no event may come without the state that it follows.</summary>
    internal override bool IsLost => State != LoadState.Loaded;

    /// <summary>The exception of the load, after which nothing more is read; null for none.</summary>
    internal Exception? Failure => State == LoadState.Failed ? _failure : null;

    internal override Task? Wait => IsWaiting ? Volatile.Read(ref _wait).Task : null;

    internal override bool HasFrameWhileWaiting => _hasHeartbeat;

    private bool IsWaiting => State is LoadState.NotStarted or LoadState.Loading;

    private LoadState State => (LoadState)Volatile.Read(ref _state);

    private InitialFrames? Frames => State is LoadState.Loaded or LoadState.Failed ? _frames : null;

    internal override Frame? Read() => Frames?.Read();

    internal override Frame? ReadWhileWaiting()
    {
        if (!_hasHeartbeat)
            return null;
        _hasHeartbeat = false;
        return Frame.Heartbeat;
    }

    /// <summary>
    /// Lets a reader that waits for the load take a heartbeat, unless it got one since a time. Returns true if it can take one. Needs the
    /// registry's lock.
    /// </summary>
    internal bool SendHeartbeat(long since, long now)
    {
        if (State != LoadState.Loading || LastHeartbeat > since)
            return false;
        (LastHeartbeat, _hasHeartbeat) = (now, true);
        Interlocked.Exchange(ref _wait, NewWait()).TrySetResult(true);
        // If the load has just ended, it may have completed the old wait. Complete the new one, too.
        if (!IsWaiting)
            EndWait();
        return true;
    }

    /// <summary>Calls the function, once, on the thread of the reader. Does nothing if the load was canceled before.</summary>
    internal void Start()
    {
        if (TryChange(LoadState.NotStarted, LoadState.Loading))
            Completion = RunAsync();
    }

    /// <summary>Ends the wait of the reader, and cancels the load.</summary>
    internal override void StopWaiting()
    {
        // The load can start between the two attempts: try the earlier state first.
        if (!TryChange(LoadState.NotStarted, LoadState.Stopped) && !TryChange(LoadState.Loading, LoadState.Stopped))
            return;
        EndWait();
        _cancellation.CancelOnThreadPool();
    }

    private async Task RunAsync()
    {
        var end = LoadState.Loaded;
        try
        {
            _frames = new InitialFrames(await load(_cancellation.Token).ConfigureAwait(false));
        }
        catch (Exception exception)
        {
            _failure = exception;
            _frames = new InitialFrames([newRetry()]);
            end = LoadState.Failed;
        }

        if (TryChange(LoadState.Loading, end))
            EndWait();
    }

    private static TaskCompletionSource<bool> NewWait() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void EndWait() => Volatile.Read(ref _wait).TrySetResult(true);

    private bool TryChange(LoadState from, LoadState to) =>
        Interlocked.CompareExchange(ref _state, (int)to, (int)from) == (int)from;
}

/// <summary>The state of an <see cref="InitialLoad"/>.</summary>
/// <remarks>
/// <code>
/// NotStarted  -> Loading   the reader begins to read
/// NotStarted  -> Stopped   the delivery was stopped
/// Loading     -> Loaded    the function returned
/// Loading     -> Failed    the function threw
/// Loading     -> Stopped   the delivery was stopped: the function's token is canceled
/// </code>
/// The reader waits while the state is NotStarted or Loading.
/// </remarks>
internal enum LoadState
{
    NotStarted,
    Loading,
    Loaded,
    Failed,
    Stopped,
}
