using System.Net.ServerSentEvents;

namespace ServerSentEvents.Internal.Compatibility;

/// <summary>An extension method that sets the id of an item, for all target frameworks.</summary>
internal static class SseItemExtensions
{
    /// <summary>Returns an item with an id, or without one if the id is null.</summary>
    internal static SseItem<T> WithId<T>(this SseItem<T> item, string? id)
    {
#if NETSTANDARD2_0
        EventIdOf<T>.Set(ref item, id);
        return item;
#else
        return item with { EventId = id };
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
