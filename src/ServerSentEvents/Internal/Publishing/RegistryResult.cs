using ServerSentEvents.Internal.Channels;
using ServerSentEvents.Internal.Events;
using ServerSentEvents.Internal.Queues;

namespace ServerSentEvents.Internal.Publishing;

/// <summary>The work that is left to do after one step under the registry's lock.</summary>
internal struct RegistryResult<TProperties>
{
    /// <summary>The number of queues that took what was sent.</summary>
    internal int Sent;

    /// <summary>The copies that have something to write.</summary>
    internal ReadyList Ready;

    /// <summary>The subscribers that the step has ended; null for none.</summary>
    internal List<Subscriber<TProperties>>? Ended;

    /// <summary>The places of personalized events that still have to be made; null for none.</summary>
    internal List<DeferredDelivery<TProperties>>? Deferred;
}

/// <summary>A personalized event that was queued before it was made.</summary>
/// <param name="Subscriber">A subscriber that joined while the event was being made for others.</param>
/// <param name="Place">The place of the event in its queue.</param>
/// <param name="Frame">The event; null until it is made, and if there is nothing to send.</param>
internal readonly record struct DeferredDelivery<TProperties>(
    Subscriber<TProperties> Subscriber, DeferredFrame Place, Frame? Frame);
