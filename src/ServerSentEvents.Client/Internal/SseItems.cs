using System.Net.ServerSentEvents;

namespace ServerSentEvents.Client.Internal;

/// <summary>Creates items with ids.</summary>
internal static class SseItems
{
    internal static SseItem<T> Create<T>(T data, string? eventType, string? eventId)
    {
#if NETSTANDARD2_0
        var item = new SseItem<T>(data, eventType);
        EventIdOf<T>.Set(ref item, eventId);
        return item;
#else
        return new SseItem<T>(data, eventType) { EventId = eventId };
#endif
    }

#if NETSTANDARD2_0
    private delegate void SetEventId<T>(ref SseItem<T> item, string? id);

    /// <summary>
    /// The init accessor of the id. It is bound at run time: its modifier is a different type in the package for .NET Standard
    /// than in newer runtimes, so a compiled call would not find the method there.
    /// </summary>
    private static class EventIdOf<T>
    {
        internal static readonly SetEventId<T> Set = (SetEventId<T>)Delegate.CreateDelegate(
            typeof(SetEventId<T>), typeof(SseItem<T>).GetProperty(nameof(SseItem<T>.EventId))!.SetMethod!);
    }
#endif
}
