using System.Net.ServerSentEvents;
using System.Reflection;

namespace ServerSentEvents.Tests.WireFormat;

/// <summary>
/// Creates items that the checks of <see cref="SseItem{T}"/> would reject. Other versions of that type check less, and
/// a serializer can create an item without its constructor.
/// </summary>
internal static class ForgedItems
{
    internal static SseItem<string> WithType(string type) => With("_eventType", type);

    internal static SseItem<string> WithId(string id) => With("_eventId", id);

    internal static SseItem<string> WithReconnectionInterval(TimeSpan interval) => With("_reconnectionInterval", interval);

    private static SseItem<string> With(string field, object value)
    {
        object item = new SseItem<string>("data");
        typeof(SseItem<string>).GetField(field, BindingFlags.Instance | BindingFlags.NonPublic)!.SetValue(item, value);
        return (SseItem<string>)item;
    }
}
