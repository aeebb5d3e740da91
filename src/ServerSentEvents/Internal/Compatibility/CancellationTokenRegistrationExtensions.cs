namespace ServerSentEvents.Internal.Compatibility;

/// <summary>Leaving a token without waiting for it.</summary>
internal static class CancellationTokenRegistrationExtensions
{
    /// <summary>
    /// The callback will not run any more, or is running now, and is not waited for: it may be waiting for the caller, in a
    /// handler of the application's.
    /// </summary>
    internal static void DisposeWithoutWaiting(this CancellationTokenRegistration registration, CancellationToken token)
    {
        if (!token.CanBeCanceled)
            return;
#if NET
        registration.Unregister();
#else
        ThreadPool.QueueUserWorkItem(static state => ((CancellationTokenRegistration)state!).Dispose(), registration);
#endif
    }
}
