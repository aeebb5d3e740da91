namespace ServerSentEvents.Internal.Compatibility;

/// <summary>Methods that register with a token, unregister, and cancel without effects on other code.</summary>
internal static class CancellationTokenExtensions
{
    /// <summary>Registers a callback without the caller's ExecutionContext, which may belong to a request.</summary>
    internal static CancellationTokenRegistration RegisterDetached(
        this CancellationToken token, Action<object?> callback, object state)
    {
#if NET
        return token.UnsafeRegister(callback, state);
#else
        if (ExecutionContext.IsFlowSuppressed())
            return token.Register(callback, state);
        using (ExecutionContext.SuppressFlow())
            return token.Register(callback, state);
#endif
    }

    /// <summary>
    /// Unregisters without waiting for a running callback. It may be in application code that waits for this thread.
    /// </summary>
    internal static void DisposeWithoutWaiting(this CancellationTokenRegistration registration, CancellationToken token)
    {
        if (!token.CanBeCanceled)
            return;
#if NET
        registration.Unregister();
#else
        ThreadPool.UnsafeQueueUserWorkItem(static state => ((CancellationTokenRegistration)state!).Dispose(), registration);
#endif
    }

    /// <summary>
    /// Cancels a source on a work item, because the callbacks are code of the application. Their exceptions are ignored: the result
    /// of the canceled operation decides what happens next.
    /// </summary>
    internal static void CancelOnThreadPool(this CancellationTokenSource source) => ThreadPool.UnsafeQueueUserWorkItem(
        static state =>
        {
            try
            {
                ((CancellationTokenSource)state!).Cancel();
            }
            catch (Exception exception) when (exception is AggregateException or ObjectDisposedException)
            {
                // A callback threw, or nothing is left to cancel.
            }
        },
        source);
}
