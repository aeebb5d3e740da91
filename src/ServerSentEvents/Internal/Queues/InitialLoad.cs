using System.Diagnostics.CodeAnalysis;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.Queues;

/// <summary>The initial data that the reader loads when it starts to read.</summary>
/// <param name="load">Calls the application's function, and formats its result.</param>
/// <param name="next">The source after this one; null for none.</param>
[SuppressMessage(
    "Design",
    "CA1001",
    Justification = "Another thread can cancel the load at any time. Without a timer, the source holds nothing to dispose.")]
internal sealed class InitialLoad(Func<CancellationToken, Task<Frame[]>> load, FrameSource? next) : FrameSource
{
    /// <summary>The outcome of a load that was canceled.</summary>
    private static readonly object Stopped = new();

    private readonly CancellationTokenSource _cancellation = new();

    /// <summary>Completes when the reader's wait ends.</summary>
    private readonly TaskCompletionSource<bool> _wait = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>
    /// The end of the load: <see cref="InitialFrames"/>, an exception, or <see cref="Stopped"/>; null before it. Set once, by an
    /// interlocked operation, so that a reader that found no frames does not find them in its next look.
    /// </summary>
    private object? _outcome;

    private int _isStarted;

    internal override FrameSource? Next => next;

    internal override int Count => Loaded?.Count ?? 0;

    /// <summary>False while the load is under way, because the stream cannot end before it.</summary>
    internal override bool IsEmpty => Loaded is { IsEmpty: true };

    /// <summary>True until the load has succeeded: no event may come without the state that it follows.</summary>
    internal override bool IsLost => Loaded is null;

    internal override Exception? Failure => Volatile.Read(ref _outcome) as Exception;

    internal override Task? Wait => Volatile.Read(ref _outcome) is null ? _wait.Task : null;

    private InitialFrames? Loaded => Volatile.Read(ref _outcome) as InitialFrames;

    internal override Frame? Read() => Loaded?.Read();

    /// <summary>Calls the function, once, on the thread of the reader. Does nothing if the load was canceled before.</summary>
    internal void Start()
    {
        if (Volatile.Read(ref _outcome) is null && Interlocked.Exchange(ref _isStarted, 1) == 0)
            _ = RunAsync();
    }

    /// <summary>Cancels the load. The token's callbacks are code of the application, and run on a work item.</summary>
    internal override void StopWaiting()
    {
        if (!TryEnd(Stopped))
            return;
        ThreadPool.UnsafeQueueUserWorkItem(
            static source =>
            {
                try
                {
                    ((CancellationTokenSource)source!).Cancel();
                }
                catch (AggregateException)
                {
                    // A callback of the application threw. No reader is left that could get the exception.
                }
            },
            _cancellation);
    }

    private async Task RunAsync()
    {
        try
        {
            TryEnd(new InitialFrames(await load(_cancellation.Token).ConfigureAwait(false)));
        }
        catch (Exception exception)
        {
            TryEnd(exception);
        }
    }

    /// <summary>Ends the reader's wait. Returns false if the load has ended before.</summary>
    private bool TryEnd(object outcome)
    {
        if (Interlocked.CompareExchange(ref _outcome, outcome, null) is not null)
            return false;
        _wait.TrySetResult(true);
        return true;
    }
}
