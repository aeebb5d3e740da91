namespace ServerSentEvents.Internal.Compatibility;

/// <summary>Registering with a token, and leaving it, without effects on others.</summary>
internal static class CancellationTokenExtensions
{
    /// <summary>Registers a callback without the ExecutionContext of the caller, which may belong to a request.</summary>
    internal static CancellationTokenRegistration RegisterDetached(this CancellationToken token, Action<object?> callback, object state)
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

    /// <summary>Unregisters without waiting for a running callback, which may be in the application's code that waits for us.</summary>
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
}
