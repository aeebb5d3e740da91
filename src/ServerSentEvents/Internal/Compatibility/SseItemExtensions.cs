using System.Net.ServerSentEvents;

namespace ServerSentEvents.Internal.Compatibility;

/// <summary>Sets the id of an item.</summary>
internal static class SseItemExtensions
{
#if NETSTANDARD2_0
    private delegate void SetEventId(ref SseItem<string> item, string? id);

    /// <summary>
    /// The init accessor of the id. It is bound at run time: its modifier is a different type in the package for .NET Standard
    /// than in newer runtimes, so a compiled call would not find the method there.
    /// </summary>
    private static readonly SetEventId Set = (SetEventId)Delegate.CreateDelegate(
        typeof(SetEventId), typeof(SseItem<string>).GetProperty(nameof(SseItem<string>.EventId))!.SetMethod!);
#endif

    /// <summary>Returns an item with an id, or without one if the id is null.</summary>
    internal static SseItem<string> WithId(this SseItem<string> item, string? id)
    {
#if NETSTANDARD2_0
        Set(ref item, id);
        return item;
#else
        return item with { EventId = id };
#endif
    }
}
