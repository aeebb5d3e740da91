using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>What became of something that was sent: gathered under the registry's lock, seen to after it.</summary>
internal struct SendResult<TProperties>
{
    /// <summary>The subscriptions that ended because their queue was full; null for none.</summary>
    internal List<Subscription<TProperties>>? Ended;

    private List<DeferredFrame>? _late;

    /// <summary>How many queues took it.</summary>
    internal int Sent { get; set; }

    internal void AddLate(DeferredFrame frame) => (_late ??= []).Add(frame);

    /// <summary>Makes what was left to be made, outside every lock. One that comes to nothing was not sent.</summary>
    internal void MakeLate(ref Failures failures)
    {
        foreach (var late in _late ?? [])
        {
            try
            {
                if (late.Make() is not null)
                    continue;
            }
            catch (Exception exception)
            {
                failures.Add(exception);
            }

            Sent--;
        }
    }
}
