using System.Runtime.ExceptionServices;
using ServerSentEvents.Internal.Compatibility;

namespace ServerSentEvents.Internal.Delivery;

/// <summary>
/// One reader's way through its queue. However it ends (the stream's end, a break, an exception, a canceled token), the
/// subscription has ended with it.
/// </summary>
/// <typeparam name="TProperties">What the application knows of each subscriber.</typeparam>
/// <typeparam name="TView">What the reader sees of each frame.</typeparam>
internal sealed class FrameEnumerator<TProperties, TView> : IAsyncEnumerator<TView>
{
    private readonly Subscription<TProperties> _subscription;
    private readonly FrameView<TView> _view;
    private readonly CancellationToken _cancellationToken;

    /// <summary>One for the whole enumeration, so that a canceled reader leaves at once, even in the midst of a write.</summary>
    private readonly CancellationTokenRegistration _registration;

    /// <summary>What handlers threw while the cancellation was announced, for the reader to throw; null for nothing.</summary>
    private ExceptionDispatchInfo? _handlerFailure;

    internal FrameEnumerator(Subscription<TProperties> subscription, FrameView<TView> view, CancellationToken cancellationToken)
    {
        _subscription = subscription;
        _view = view;
        _cancellationToken = cancellationToken;
        _registration = cancellationToken.Register(static state => ((FrameEnumerator<TProperties, TView>)state!).Cancel(), this);
    }

    public TView Current { get; private set; } = default!;

    public ValueTask<bool> MoveNextAsync() => TryMoveNext() ? new ValueTask<bool>(true) : WaitAndMoveNextAsync();

    public ValueTask DisposeAsync()
    {
        _registration.DisposeWithoutWaiting(_cancellationToken);
        _subscription.Dispose();
        Interlocked.Exchange(ref _handlerFailure, null)?.Throw();
        return default;
    }

    /// <summary>Nothing may come out of here: nobody would catch it where a timer or a closed connection cancels.</summary>
    private void Cancel()
    {
        // A stream that has been read to its end has ended, canceled or not.
        if (_subscription.EndReason is not null && _subscription.QueuedEvents == 0)
            return;

        try
        {
            _subscription.EndNow(SubscriptionEndReason.Canceled);
        }
        catch (Exception exception)
        {
            Volatile.Write(ref _handlerFailure, ExceptionDispatchInfo.Capture(exception));
        }
    }

    private bool TryMoveNext()
    {
        while (_subscription.Queue.TryDequeue(out var frame))
        {
            if (!_view(frame, out var current))
                continue;
            Current = current;
            return true;
        }

        return false;
    }

#if NET
    // One that reads faster than is published waits before each event: the state of the wait comes from a pool.
    [System.Runtime.CompilerServices.AsyncMethodBuilder(typeof(System.Runtime.CompilerServices.PoolingAsyncValueTaskMethodBuilder<>))]
#endif
    private async ValueTask<bool> WaitAndMoveNextAsync()
    {
        while (await _subscription.Queue.WaitToReadAsync().ConfigureAwait(false))
        {
            if (TryMoveNext())
                return true;
            // What has not been discarded yet would be there to wait for, again and again, and not to be read.
            if (_subscription.Queue.IsCutOff)
                break;
        }

        if (_subscription.Queue.IsCutOff)
            _cancellationToken.ThrowIfCancellationRequested();
        return false;
    }
}
