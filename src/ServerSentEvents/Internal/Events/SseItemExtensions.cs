using System.Net.ServerSentEvents;

namespace ServerSentEvents.Internal.Events;

/// <summary>What an <see cref="SseItem{T}"/> has no member for.</summary>
internal static class SseItemExtensions
{
#if !NET
    private delegate void SetEventId(ref SseItem<string> item, string id);

    private static readonly SetEventId Set = (SetEventId)Delegate.CreateDelegate(
        typeof(SetEventId), typeof(SseItem<string>).GetProperty(nameof(SseItem<string>.EventId))!.SetMethod!);
#endif

    /// <summary>The same item with another id.</summary>
    internal static SseItem<string> WithId(this SseItem<string> item, string id)
    {
#if NET
        return item with { EventId = id };
#else
        // The modifier on an init accessor is one type in this build's reference and another on a newer runtime, so that a
        // call that is compiled here does not find the method there; one that is bound at run time does.
        Set(ref item, id);
        return item;
#endif
    }
}
