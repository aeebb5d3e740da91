using System.Net.ServerSentEvents;
using ServerSentEvents.Internal.Diagnostics;
using ServerSentEvents.Internal.Events;

namespace ServerSentEvents.Internal.Queues;

/// <summary>The conflation key of an event.</summary>
/// <param name="IsKnown">False if the key function threw, or was not called for this event.</param>
/// <param name="Value">The key; null if the event is not conflated.</param>
internal readonly record struct EventKey(bool IsKnown, string? Value)
{
    /// <summary>Calls a key function. Application code: call it outside every lock, on the publishing thread.</summary>
    internal static EventKey Make(Func<SseItem<string>, string?> keyFunction, Frame frame, ref Failures failures)
    {
        try
        {
            return new(IsKnown: true, keyFunction(frame.Parse()));
        }
        catch (Exception exception)
        {
            failures.Add(exception);
            return default;
        }
    }
}

/// <summary>The conflation keys of one shared event, by the key functions of the subscribers.</summary>
internal sealed class EventKeys
{
    private readonly Dictionary<Func<SseItem<string>, string?>, EventKey> _keys = [];

    /// <summary>Calls each function once. Call outside every lock, on the publishing thread.</summary>
    internal EventKeys(IEnumerable<Func<SseItem<string>, string?>> keyFunctions, Frame frame, ref Failures failures)
    {
        foreach (var keyFunction in keyFunctions)
            _keys[keyFunction] = EventKey.Make(keyFunction, frame, ref failures);
    }

    /// <summary>Returns the key for a queue. It is not known if the queue was added after the functions were called.</summary>
    internal EventKey For(SubscriptionQueue queue) =>
        queue.KeyFunction is { } keyFunction && _keys.TryGetValue(keyFunction, out var key) ? key : default;
}
