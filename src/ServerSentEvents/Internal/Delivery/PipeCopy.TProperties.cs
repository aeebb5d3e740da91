using System.IO.Pipelines;
using ServerSentEvents.Internal.Compatibility;

namespace ServerSentEvents.Internal.Delivery;

/// <summary>A copy that ends its subscription, and is ended by it, by a canceled token, or by the reader of what it writes.</summary>
internal sealed class PipeCopy<TProperties> : PipeCopy
{
    private readonly Subscription<TProperties> _subscription;
    private readonly CancellationToken _cancellationToken;
    private readonly CancellationTokenRegistration _registration;

    /// <summary>Whoever waits goes on elsewhere: the pump has others to write to.</summary>
    private readonly TaskCompletionSource<bool> _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private const int NotCanceling = 0;

    /// <summary>Somebody ends the subscription, and tells of it.</summary>
    private const int Canceling = 1;

    /// <summary>The copying has ended meanwhile: whoever cancels ends the task when all has been told.</summary>
    private const int FinishedWhileCanceling = 2;

    private const int Canceled = 3;

    /// <summary>Who ends the task, changed by interlocked operations.</summary>
    private int _cancellation;

    /// <summary>What the copying has ended with, and whether it was canceled; set before the task ends.</summary>
    private Exception? _failure;
    private bool _wasCanceled;

    /// <summary>What handlers threw while the cancellation was announced, for the task to end with; null for nothing.</summary>
    private Exception? _cancellationFailure;

    private PipeCopy(Subscription<TProperties> subscription, PipeWriter writer, CancellationToken cancellationToken)
        : base(subscription.Queue, writer)
    {
        _subscription = subscription;
        _cancellationToken = cancellationToken;
        _registration = cancellationToken.Register(static state => ((PipeCopy<TProperties>)state!).Cancel(), this);
    }

    /// <summary>Begins to copy; the task ends when that has ended.</summary>
    internal static Task Start(Subscription<TProperties> subscription, PipeWriter writer, CancellationToken cancellationToken)
    {
        var copy = new PipeCopy<TProperties>(subscription, writer, cancellationToken);
        // Only now, with its registration: a pump may bring it all to its end as soon as the queue knows of the copy.
        subscription.TellOfWhatComes(copy);
        // The first thing to do is what is queued already, or to see that all has ended.
        copy.Signal();
        return copy._finished.Task;
    }

    protected override void Finish(Exception? failure)
    {
        _registration.DisposeWithoutWaiting(_cancellationToken);
        _wasCanceled = _subscription.Queue.IsCutOff && _cancellationToken.IsCancellationRequested;
        try
        {
            _subscription.EndNow(_wasCanceled ? SubscriptionEndReason.Canceled : SubscriptionEndReason.Unsubscribed);
        }
        catch (Exception exception)
        {
            failure ??= exception;
        }

        _failure = failure;
        // What handlers throw to whoever cancels, the task is to end with.
        if (Interlocked.CompareExchange(ref _cancellation, FinishedWhileCanceling, Canceling) != Canceling)
            EndTask();
    }

    /// <summary>Nobody but this ends the task: until here the writer is in use.</summary>
    private void EndTask()
    {
        var failure = _failure ?? _cancellationFailure;
        if (_wasCanceled && failure is not AggregateException)
            _finished.TrySetCanceled(_cancellationToken);
        else if (failure is not null)
            _finished.TrySetException(failure);
        else
            _finished.TrySetResult(true);
    }

    /// <summary>Nothing may come out of here: nobody would catch it where a timer or a closed connection cancels.</summary>
    private void Cancel()
    {
        Interlocked.Exchange(ref _cancellation, Canceling);
        try
        {
            _subscription.EndNow(SubscriptionEndReason.Canceled);
        }
        catch (Exception exception)
        {
            _cancellationFailure = exception;
        }

        if (Interlocked.CompareExchange(ref _cancellation, Canceled, Canceling) == FinishedWhileCanceling)
            EndTask();
    }
}
