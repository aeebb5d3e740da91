using System.Diagnostics.CodeAnalysis;
using System.Net.ServerSentEvents;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ServerSentEvents;

namespace Chat;

/// <summary>The room: the members who are present, and the last messages.</summary>
/// <remarks>
/// The stream of a member begins with <c>hello</c> and the last messages. Later events are <c>message</c>, from other members,
/// and <c>presence</c>, the names of all members, whenever they change. A message can come twice, at the beginning and as an
/// event: the page shows each id once.
/// </remarks>
internal sealed class Room
{
    private const int HistoryCapacity = 50;

    /// <summary>An id that tells pages after a restart that this is a new room, without the earlier messages.</summary>
    private readonly Guid _id = Guid.NewGuid();

    private readonly Publisher<Member> _publisher;

    /// <summary>The lock that keeps messages and lists of names in the order in which they are published.</summary>
    private readonly Lock _gate = new();

    /// <summary>The last messages, the oldest first. Guarded by <see cref="_gate"/>.</summary>
    private readonly Queue<(string PostId, Message Message)> _history = new();

    public Room(Publisher<Member> publisher)
    {
        _publisher = publisher;
        _publisher.Subscribed += (_, _) => PublishPresence();
        _publisher.Unsubscribed += (_, _) => PublishPresence();
    }

    public static bool IsName([NotNullWhen(true)] string? name) => IsFilled(name, maxLength: 40);

    public static bool IsMessage([NotNullWhen(true)] string? id, [NotNullWhen(true)] string? text) =>
        IsFilled(id, maxLength: 64) && IsFilled(text, maxLength: 2_000);

    /// <summary>Returns the subscription of a new member, who is present for as long as the stream is open.</summary>
    public SubscribeOptions<Member> NewMember(string name)
    {
        var member = new Member(RandomNumberGenerator.GetHexString(32), name);
        return new SubscribeOptions<Member>
        {
            Properties = member,
            LoadInitialData = _ => new(InitialData(member)),
        };
    }

    /// <summary>Sends a message to all other members. The page of the sender shows it already.</summary>
    /// <param name="memberId">The secret id of the sender.</param>
    /// <param name="postId">An id that the page chose, so that it can send the message again. Other members never see it.</param>
    /// <param name="text">The text.</param>
    /// <returns>The id of the message, the same for a message that was sent again; null if the sender is not here.</returns>
    public string? Say(string? memberId, string postId, string text)
    {
        lock (_gate)
        {
            if (Find(memberId) is not { } sender)
                return null;
            if (_history.FirstOrDefault(known => known.PostId == postId).Message is { } earlier)
                return earlier.Id;

            var message = new Message(Guid.NewGuid().ToString(), sender.Name, text, TimeProvider.System.GetUtcNow());
            _history.Enqueue((postId, message));
            if (_history.Count > HistoryCapacity)
                _history.Dequeue();
            _publisher.PublishJson(member => member.Id == sender.Id ? null : message, ChatJson.Default.Message, eventType: "message");
            return message.Id;
        }
    }

    public bool Rename(string? memberId, string name)
    {
        if (Find(memberId) is not { } member)
            return false;
        member.Name = name;
        PublishPresence();
        return true;
    }

    private void PublishPresence()
    {
        lock (_gate)
        {
            var inOrder = _publisher.GetSubscribers().OrderBy(subscriber => subscriber.SubscribedAt);
            _publisher.PublishJson(
                inOrder.Select(subscriber => subscriber.Properties.Name), ChatJson.Default.IEnumerableString, eventType: "presence");
        }
    }

    /// <summary>Returns the beginning of a member's stream. The library calls it when the member is registered.</summary>
    private IEnumerable<SseItem<string>> InitialData(Member member)
    {
        lock (_gate)
        {
            return
            [
                Event("hello", new Hello(member.Id, member.Name, _id), ChatJson.Default.Hello),
                .. _history.Select(known => Event("message", known.Message, ChatJson.Default.Message)),
            ];
        }
    }

    private Member? Find(string? id) =>
        _publisher.GetSubscribers().FirstOrDefault(subscriber => subscriber.Properties.Id == id)?.Properties;

    private static bool IsFilled([NotNullWhen(true)] string? text, int maxLength) =>
        !string.IsNullOrWhiteSpace(text) && text.Length <= maxLength;

    private static SseItem<string> Event<T>(string type, T data, JsonTypeInfo<T> typeInfo) =>
        new(JsonSerializer.Serialize(data, typeInfo), type);
}

/// <summary>A member. Only the member and the server know the id; other members see the name.</summary>
internal sealed class Member(string id, string name)
{
    public string Id { get; } = id;

    public string Name { get; set; } = name;
}

/// <summary>The first event of a member: its id and name, and the id of the room.</summary>
internal sealed record Hello(string Id, string Name, Guid Room);

/// <summary>A message, with the name of its sender at that time.</summary>
internal sealed record Message(string Id, string Name, string Text, DateTimeOffset At);

/// <summary>
/// A message that a page posts. The secret id of the member belongs to the connection, and the id lets the page send the message
/// again.
/// </summary>
internal sealed record MessageRequest(string? MemberId, string? Id, string? Text);

internal sealed record NameRequest(string? MemberId, string? Name);

/// <summary>The JSON metadata of this sample. It replaces reflection, so the sample can be published as a native program.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Hello))]
[JsonSerializable(typeof(Message))]
[JsonSerializable(typeof(IEnumerable<string>))]
[JsonSerializable(typeof(MessageRequest))]
[JsonSerializable(typeof(NameRequest))]
internal sealed partial class ChatJson : JsonSerializerContext;
