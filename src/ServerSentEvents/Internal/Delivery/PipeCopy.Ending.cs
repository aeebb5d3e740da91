using ServerSentEvents.Internal.Compatibility;
using ServerSentEvents.Internal.Diagnostics;

namespace ServerSentEvents.Internal.Delivery;

/// <content>Methods that end the copy, and that cancel its flush.</content>
internal sealed partial class PipeCopy<TProperties>
{
    /// <inheritdoc/>
    internal override void CancelFlush()
    {
        // Servers abort a connection whose flush is canceled, so a flush that does not wait is left alone.
        if (_isWaiting)
            _flushCancellation.CancelOnThreadPool();
        Signal();
    }

    /// <summary>Ends the copy after an exception of the writer. A subscription that was ended at once cancels its flush.</summary>
    private void EndFlush(Exception exception)
    {
        var isCanceled = exception is OperationCanceledException && _queue.IsAborted;
        if (!isCanceled)
            _subscription.CopyFailure = CopyFailure.Writer;
        End(isCanceled ? null : exception);
    }

    /// <summary>Ends the copy. The copy's state does not change, so that no worker takes it again.</summary>
    private void End(Exception? failure) => ThreadPool.UnsafeQueueUserWorkItem(_ => Finish(failure), state: null);

    /// <summary>Ends the subscription, calls the application's handlers, and completes the task.</summary>
    private void Finish(Exception? failure)
    {
        _registration.DisposeWithoutWaiting(_cancellationToken);
        var isTokenCanceled = _cancellationToken.IsCancellationRequested;
        var isCanceled = isTokenCanceled && _queue.IsAborted;
        Failures failures = default;
        _subscription.EndNow(isTokenCanceled ? SubscriptionEndReason.Canceled : SubscriptionEndReason.Unsubscribed, ref failures);
        // The token may have ended the subscription after the first check.
        isCanceled |= _subscription.EndReason == SubscriptionEndReason.Canceled;
        _subscription.Release();

        if (failures.Any)
        {
            if (failure is not null)
                failures.Add(failure);
            failure = failures.ToException();
        }

        if (failure is not null)
            _completion.TrySetException(failure);
        else if (isCanceled)
            _completion.TrySetCanceled(_cancellationToken);
        else
            _completion.TrySetResult(true);
    }
}

/// <summary>Failures that end a copy. A byte, because each subscription has one.</summary>
internal enum CopyFailure : byte
{
    None,

    /// <summary>The initial data could not be loaded.</summary>
    Load,

    /// <summary>The writer has thrown. Events may be missing.</summary>
    Writer,
}
