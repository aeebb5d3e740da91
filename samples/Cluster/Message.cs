using System.Net.ServerSentEvents;
using System.Text.Json;

namespace Cluster;

/// <summary>A chat message.</summary>
/// <param name="Id">An id that the page makes. A message that was sent twice is shown once.</param>
/// <param name="Name">The name of the author.</param>
/// <param name="Text">The text.</param>
/// <param name="Node">The node that took the message.</param>
/// <param name="PageSecret">The secret of the author's page. The nodes and the broker see it, and no other page does.</param>
/// <param name="Mine">True for the author's page.</param>
internal sealed record Message(string Id, string Name, string Text, string? Node = null, string? PageSecret = null, bool Mine = false)
{
    public bool IsValid => IsFilled(Id, 64) && IsFilled(Name, 40) && IsFilled(Text, 2_000) && IsFilled(PageSecret, 64);

    /// <summary>Makes the event for one page. The event says whether the page sent the message, and hides the secret of the sender.</summary>
    public static SseItem<string>? Personalize(SseItem<string> item, string pageSecret)
    {
        if (item.EventType != "message" || JsonSerializer.Deserialize<Message>(item.Data, JsonSerializerOptions.Web) is not { } message)
            return item;
        return NewEvent("message", message with { PageSecret = null, Mine = message.PageSecret == pageSecret });
    }

    public static SseItem<string> NewEvent<T>(string type, T data) => new(JsonSerializer.Serialize(data, JsonSerializerOptions.Web), type);

    private static bool IsFilled(string? text, int maxLength) => !string.IsNullOrWhiteSpace(text) && text.Length <= maxLength;
}
