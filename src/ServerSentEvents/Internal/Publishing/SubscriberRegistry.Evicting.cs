using ServerSentEvents.Internal.History;

namespace ServerSentEvents.Internal.Publishing;

/// <content>The removal of old events, and the pause between two steps of long work under the lock.</content>
internal sealed partial class SubscriberRegistry<TProperties>
{
    /// <summary>Removes expired events from the history, in steps, so that no thread waits long for the lock.</summary>
    internal void EvictExpired(long now) => InSteps(static (history, now) => history.EvictExpired(now), now);

    /// <summary>
    /// Removes the oldest events from the history while it has too many bytes, in steps, so that no thread waits long for the
    /// lock.
    /// </summary>
    internal void EvictExcess() => InSteps(static (history, _) => history.EvictExcess(), now: 0);

    /// <summary>
    /// Gives threads that wait for the lock the time to wake up. A lock is not fair: a thread that takes it again at once can
    /// keep the others out for 100 ms.
    /// </summary>
    private static void LetOthersIn()
    {
        // About 30 microseconds.
        const int spins = 300;
        Thread.Yield();
        Thread.SpinWait(spins);
    }

    /// <summary>Calls a method of the history until it returns false.</summary>
    private void InSteps(Func<EventHistory<TProperties>, long, bool> step, long now)
    {
        while (true)
        {
            lock (_gate)
            {
                if (_history is null || !step(_history, now))
                    return;
            }

            LetOthersIn();
        }
    }
}
