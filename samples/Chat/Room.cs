using System.Diagnostics.CodeAnalysis;
using System.Net.ServerSentEvents;
using System.Security.Cryptography;
using System.Text.Json;
using ServerSentEvents;

namespace Chat;

/// <summary>The one room there is: who is here, and what was said last.</summary>
/// <remarks>
/// The stream of a member begins with <c>hello</c> and the last messages; then come <c>message</c>, what others say, and
/// <c>presence</c>, the names of all who are here, whenever that changes.
/// </remarks>
internal sealed class Room
{
    private const int MaxNameLength = 40;
    private const int MaxIdLength = 64;
    private const int MaxTextLength = 2000;
    private const int HistoryCapacity = 50;

    private readonly Publisher<Member> _publisher;

    /// <summary>The last messages, the oldest first. Guarded by <see cref="_gate"/>.</summary>
    private readonly Queue<Message> _history = new();

    /// <summary>
    /// Makes one step of {add to the history, publish} and one of {read the history, subscribe}. Without it a message could
    /// come between the two halves, and a newcomer would get it twice, or never. It costs next to nothing, because
    /// publishing never waits for a subscriber. It also keeps the lists of who is here in order.
    /// </summary>
    private readonly Lock _gate = new();

    public Room(Publisher<Member> publisher)
    {
        _publisher = publisher;
        _publisher.Subscribed += (_, _) => PublishPresence();
        _publisher.Unsubscribed += (_, _) => PublishPresence();
    }

    public static bool IsName([NotNullWhen(true)] string? name) => IsFilled(name, MaxNameLength);

    public static bool IsMessage([NotNullWhen(true)] string? id, [NotNullWhen(true)] string? text) =>
        IsFilled(id, MaxIdLength) && IsFilled(text, MaxTextLength);

    /// <summary>Lets a newcomer in. They are here for as long as the subscription is read.</summary>
    public Subscription<Member> Join(string name)
    {
        var member = new Member(RandomNumberGenerator.GetHexString(32), name);
        lock (_gate)
        {
            return _publisher.Subscribe(new SubscribeOptions<Member>
            {
                Properties = member,
                InitialData = [Event("hello", member), .. _history.Select(message => Event("message", message))],
            });
        }
    }

    /// <summary>Says something to all others; the writer's own page shows it without our help.</summary>
    public bool Say(string? memberId, string id, string text)
    {
        lock (_gate)
        {
            if (Find(memberId) is not { } sender)
                return false;
            if (_history.Any(known => known.Id == id))
                return true;

            var message = new Message(id, sender.Name, text, TimeProvider.System.GetUtcNow());
            _history.Enqueue(message);
            if (_history.Count > HistoryCapacity)
                _history.Dequeue();

            var item = Event("message", message);
            _publisher.Publish(member => member.Id == sender.Id ? null : item);
            return true;
        }
    }

    public bool Rename(string? memberId, string name)
    {
        lock (_gate)
        {
            if (Find(memberId) is not { } member)
                return false;

            member.Name = name;
            PublishPresence();
            return true;
        }
    }

    private void PublishPresence()
    {
        lock (_gate)
        {
            // Nobody is left to be told, and once the room is closed there would be nobody to tell them.
            if (_publisher.GetSubscribers() is not { Count: > 0 } subscribers)
                return;

            var inOrder = subscribers.OrderBy(subscriber => subscriber.SubscribedAt);
            _publisher.Publish(Event("presence", inOrder.Select(subscriber => subscriber.Properties.Name)));
        }
    }

    private Member? Find(string? id) =>
        _publisher.GetSubscribers().FirstOrDefault(subscriber => subscriber.Properties.Id == id)?.Properties;

    private static bool IsFilled([NotNullWhen(true)] string? text, int maxLength) =>
        !string.IsNullOrWhiteSpace(text) && text.Length <= maxLength;

    private static SseItem<string> Event<T>(string type, T data) =>
        new(JsonSerializer.Serialize(data, JsonSerializerOptions.Web), type);
}

/// <summary>Somebody who is here. The id is known to them and to the server; others see the name.</summary>
internal sealed class Member(string id, string name)
{
    public string Id { get; } = id;

    /// <summary>Changed and read under the room's lock.</summary>
    public string Name { get; set; } = name;
}

/// <summary>Something that was said, by somebody of that name at the time.</summary>
internal sealed record Message(string Id, string Name, string Text, DateTimeOffset At);
