using ServerSentEvents.Internal.Channels;
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

    /// <summary>
    /// The subscribers that joined while a personalized event was being made, with the places of their events; null for none.
    /// </summary>
    internal List<(Subscriber<TProperties> Subscriber, DeferredFrame Place)>? Deferred;
}
