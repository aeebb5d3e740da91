using System.Diagnostics.CodeAnalysis;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.Queues;

/// <summary>Initial data that the reader loads when it starts to read.</summary>
/// <param name="load">The application's function, with the formatting of what it returns.</param>
/// <param name="next">The source after this one; null for none.</param>
[SuppressMessage(
    "Design",
    "CA1001",
    Justification = "Another thread can cancel the load at any time. Without a timer, the source holds nothing to dispose.")]
internal sealed class InitialLoad(Func<CancellationToken, Task<Frame[]>> load, FrameSource? next) : FrameSource
{
    private readonly CancellationTokenSource _cancellation = new();

    /// <summary>Completes when the reader's wait ends.</summary>
    private readonly TaskCompletionSource<bool> _wait = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private int _isStarted;
    private volatile bool _isStopped;
    private volatile Exception? _failure;
    private volatile InitialFrames? _loaded;

    internal override FrameSource? Next => next;

    internal override int Count => _loaded?.Count ?? 0;

    /// <summary>False while the load is under way, because the stream cannot end before it.</summary>
    internal override bool IsEmpty => _loaded is { IsEmpty: true };

    /// <summary>True after a failure or <see cref="StopWaiting"/>: events must not come without the state that they follow.</summary>
    internal override bool IsLost => _loaded is null;

    internal override Exception? Failure => _failure;

    internal override Task? Wait => _loaded is null && _failure is null && !_isStopped ? _wait.Task : null;

    internal override Frame? Read() => _loaded?.Read();

    /// <summary>Calls the function, once, on the thread of the reader.</summary>
    internal void Start()
    {
        if (Interlocked.Exchange(ref _isStarted, 1) == 0)
            _ = RunAsync();
    }

    /// <summary>Cancels the load. The token's callbacks are code of the application, and run on a work item.</summary>
    internal override void StopWaiting()
    {
        if (_isStopped || _loaded is not null || _failure is not null)
            return;
        _isStopped = true;
        _wait.TrySetResult(true);
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
            _loaded = new InitialFrames(await load(_cancellation.Token).ConfigureAwait(false));
        }
        catch (Exception exception)
        {
            if (!_isStopped)
                _failure = exception;
        }

        _wait.TrySetResult(true);
    }
}
