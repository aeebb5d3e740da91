using System.Net.ServerSentEvents;
using System.Text.Json;

namespace Cluster;

/// <summary>Something that was said.</summary>
/// <param name="Id">Made by the page, so that one that was sent twice is shown once.</param>
/// <param name="Name">Who said it.</param>
/// <param name="Text">What.</param>
/// <param name="Node">The node that took it.</param>
/// <param name="At">When, by that node's clock.</param>
/// <param name="Member">Who said it, for the nodes alone.</param>
/// <param name="Mine">Whether the reader did.</param>
internal sealed record Message(string Id, string Name, string Text, string Node, DateTimeOffset At, string? Member, bool Mine = false)
{
    /// <summary>What is in the stream is the same for all; what a member is sent says whether it is theirs, and not whose it is.</summary>
    public static SseItem<string>? Personalise(SseItem<string> item, Member member)
    {
        if (item.EventType != "message" || JsonSerializer.Deserialize<Message>(item.Data, JsonSerializerOptions.Web) is not { } message)
            return item;
        return Event("message", message with { Member = null, Mine = message.Member == member.Id });
    }

    public static SseItem<string> Event<T>(string type, T data) => new(JsonSerializer.Serialize(data, JsonSerializerOptions.Web), type);
}
