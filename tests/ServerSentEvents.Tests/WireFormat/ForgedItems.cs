using System.Net.ServerSentEvents;
using System.Reflection;

namespace ServerSentEvents.Tests.WireFormat;

/// <summary>
/// Items that <see cref="SseItem{T}"/>'s own checks would refuse: other versions of it check less, and code that makes
/// one without its constructor (a serializer, for instance) is checked by nobody.
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
