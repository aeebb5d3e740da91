using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>A member of the chat without a browser.</summary>
internal sealed class ChatMember : IAsyncDisposable
{
    private readonly HttpClient _client;
    private readonly EventStream _events;
    private readonly HashSet<string> _messages = new(StringComparer.Ordinal);

    private ChatMember(HttpClient client, EventStream events, string id)
    {
        _client = client;
        _events = events;
        Id = id;
    }

    /// <summary>The id that the server gave to this member.</summary>
    internal string Id { get; }

    internal static async Task<ChatMember> JoinAsync(SampleServer server, string name)
    {
        var client = server.NewClient();
        var events = await EventStream.OpenAsync(client, $"events?name={Uri.EscapeDataString(name)}");
        var hello = await events.NextAsync();
        hello.EventType.Should().Be("hello");
        return new ChatMember(client, events, JsonDocument.Parse(hello.Data).RootElement.GetProperty("id").GetString()!);
    }

    internal async Task<HttpStatusCode> SayAsync(string? text, string? id = null, string? memberId = null)
    {
        var message = new { memberId = memberId ?? Id, id = id ?? Guid.NewGuid().ToString(), text };
        using var response = await _client.PostAsJsonAsync("messages", message);
        return response.StatusCode;
    }

    internal async Task<HttpStatusCode> RenameAsync(string? name, string? memberId = null)
    {
        using var response = await _client.PostAsJsonAsync("name", new { memberId = memberId ?? Id, name });
        return response.StatusCode;
    }

    /// <summary>Returns the next event as <c>type: content</c>.</summary>
    internal async Task<string> NextAsync()
    {
        var item = await _events.NextAsync();
        return $"{item.EventType}: {(item.EventType == "message" ? Said(item.Data) : Names(item.Data))}";
    }

    /// <summary>
    /// Returns the next message as <c>name: text</c>. Skips a message that came before, as the page does: a message can be both
    /// in the initial data and in the stream.
    /// </summary>
    internal async Task<string> NextMessageAsync()
    {
        while (true)
        {
            var data = await _events.NextAsync("message");
            if (_messages.Add(JsonDocument.Parse(data).RootElement.GetProperty("id").GetString()!))
                return Said(data);
        }
    }

    /// <summary>Returns the data of the next message.</summary>
    internal Task<string> NextMessageDataAsync() => _events.NextAsync("message");

    /// <summary>Waits until exactly these members are present.</summary>
    internal async Task UntilPresentAsync(params string[] names)
    {
        while (Names(await _events.NextAsync("presence")) != string.Join(", ", names))
        {
            // The next event follows, or the read reaches its time limit.
        }
    }

    internal Task ShouldEndAsync() => _events.ShouldEndAsync();

    public async ValueTask DisposeAsync()
    {
        await _events.DisposeAsync();
        _client.Dispose();
    }

    private static string Names(string data) => string.Join(", ", JsonSerializer.Deserialize<string[]>(data)!);

    private static string Said(string data)
    {
        var message = JsonDocument.Parse(data).RootElement;
        message.EnumerateObject().Select(property => property.Name)
            .Should().BeEquivalentTo(["id", "name", "text", "at"], "members do not see the ids of other members");
        return $"{message.GetProperty("name")}: {message.GetProperty("text")}";
    }
}
