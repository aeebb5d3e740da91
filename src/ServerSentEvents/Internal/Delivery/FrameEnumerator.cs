using System.Diagnostics.CodeAnalysis;
using System.Net.ServerSentEvents;
using System.Runtime.ExceptionServices;
using ServerSentEvents.Internal.Compatibility;
using ServerSentEvents.Internal.Diagnostics;
using ServerSentEvents.Internal.Events;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Delivery;

/// <summary>
/// The enumeration of a queue by its reader. Its end also ends the subscription: the end of the stream, a break, an
/// exception or a canceled token.
/// </summary>
/// <typeparam name="TProperties">The type of the subscribers' properties.</typeparam>
/// <typeparam name="TView">The type of the elements.</typeparam>
internal abstract class FrameEnumerator<TProperties, TView> : IAsyncEnumerator<TView>
{
    private readonly Subscription<TProperties> _subscription;

    /// <summary>The queue; null if the subscription had released it before.</summary>
    private readonly SubscriptionQueue? _queue;

    private readonly CancellationToken _cancellationToken;

    /// <summary>The registration for the whole enumeration: a canceled token takes effect also between two reads.</summary>
    private readonly CancellationTokenRegistration _registration;

    /// <summary>
    /// The exceptions of handlers when the subscription ended before <see cref="DisposeAsync"/>, which throws them; null for none.
    /// </summary>
    private ExceptionDispatchInfo? _handlerFailure;

    /// <summary>Starts the only enumeration of a subscription.</summary>
    /// <exception cref="InvalidOperationException">The subscription has, or had, a reader.</exception>
    private protected FrameEnumerator(Subscription<TProperties> subscription, CancellationToken cancellationToken)
    {
        subscription.TakeReader();
        _subscription = subscription;
        _queue = subscription.Subscriber;
        _cancellationToken = cancellationToken;
        _registration = cancellationToken.RegisterDetached(
            static enumerator => ((FrameEnumerator<TProperties, TView>)enumerator!).Cancel(), this);
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

    /// <summary>Converts a frame to what the reader gets. Returns false if the reader does not get this frame.</summary>
    private protected abstract bool TryConvert(Frame frame, [MaybeNullWhen(false)] out TView view);

    /// <summary>
    /// Ends the subscription. Must not throw: the timer or connection that cancels the token does not catch exceptions.
    /// </summary>
    private void Cancel()
    {
        // Do not cancel a stream that was read to its end: it ended before the token was canceled.
        if (_subscription.EndReason is null || _queue is { IsEmpty: false })
            End(SubscriptionEndReason.Canceled);
    }

    /// <summary>Ends the subscription, and keeps the exceptions of handlers.</summary>
    /// <param name="reason">The reason.</param>
    /// <param name="cause">
    /// The exception that ended the stream; null for none. It is added to those of handlers, which would hide it.
    /// </param>
    private void End(SubscriptionEndReason reason, Exception? cause = null)
    {
        Failures failures = default;
        _subscription.EndNow(reason, ref failures);
        if (!failures.Any)
            return;
        if (cause is not null)
            failures.Add(cause);
        var exception = failures.ToException();
        Volatile.Write(ref _handlerFailure, ExceptionDispatchInfo.Capture(exception));
    }

    private bool TryMoveNext()
    {
        while (_queue is not null && _queue.TryRead(out var frame))
        {
            _queue.Release(frame.Length);
            if (!TryConvert(frame, out var current))
                continue;
            Current = current;
            _queue.CountDelivery(frame);
            return true;
        }

        return false;
    }

#if NET
    // The state of a wait comes from a pool, because a reader that is faster than the publisher waits before each event.
    [System.Runtime.CompilerServices.AsyncMethodBuilder(
        typeof(System.Runtime.CompilerServices.PoolingAsyncValueTaskMethodBuilder<>))]
#endif
    private async ValueTask<bool> WaitAndMoveNextAsync()
    {
        if (_queue is null)
            return false;
        _queue.PendingLoad?.Start();
        while (!_queue.IsFinished && await _queue.WaitToReadAsync().ConfigureAwait(false))
        {
            if (TryMoveNext())
                return true;
        }

        if (_queue.LoadFailure is { } failure)
        {
            End(SubscriptionEndReason.Unsubscribed, failure);
            ExceptionDispatchInfo.Capture(failure).Throw();
        }

        if (_queue.HasLostFrames)
            End(SubscriptionEndReason.Overflowed);
        else if (_queue.IsAborted)
            _cancellationToken.ThrowIfCancellationRequested();
        return false;
    }
}

/// <summary>The enumeration of a subscription as ready-to-write events.</summary>
internal sealed class TextEnumerator<TProperties>(Subscription<TProperties> subscription, CancellationToken cancellationToken)
    : FrameEnumerator<TProperties, string>(subscription, cancellationToken)
{
    private protected override bool TryConvert(Frame frame, [MaybeNullWhen(false)] out string view)
    {
        view = frame.Text;
        return true;
    }
}

/// <summary>
/// The enumeration of a subscription as items. The first item of a resumed stream carries the id at which the stream begins: without
/// an id, it would clear the client's last event id.
/// </summary>
internal sealed class ItemEnumerator<TProperties>(Subscription<TProperties> subscription, CancellationToken cancellationToken)
    : FrameEnumerator<TProperties, SseItem<string>>(subscription, cancellationToken)
{
    /// <summary>The id at which a resumed stream begins, before its first item; null otherwise.</summary>
    private string? _startId;

    private protected override bool TryConvert(Frame frame, out SseItem<string> view)
    {
        if (!frame.IsEvent)
        {
            _startId = frame.OwnId ?? _startId;
            view = default;
            return false;
        }

        view = frame.Item;
        if (_startId is not null && view.EventId is null)
            view = view.WithId(_startId);
        _startId = null;
        return true;
    }
}

/// <summary>The items of a subscription, for code that frames events itself.</summary>
internal sealed class ItemStream<TProperties>(Subscription<TProperties> subscription) : IAsyncEnumerable<SseItem<string>>
{
    public IAsyncEnumerator<SseItem<string>> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
        new ItemEnumerator<TProperties>(subscription, cancellationToken);
}
