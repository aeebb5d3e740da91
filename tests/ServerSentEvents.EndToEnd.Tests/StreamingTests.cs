using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>Tests the tokens of an answer with clients without a browser.</summary>
public sealed class StreamingTests
{
    /// <summary>A number of seconds that no test reaches.</summary>
    private const string Patient = "3600";

    private static readonly string Question = string.Join(' ', Enumerable.Range(1, 20));

    [Fact]
    public async Task Answer_ReadToEnd_ArrivesOnceAndInOrder()
    {
        using var server = await StartAsync(Patient);
        var id = await AskAsync(server);

        var (first, second) = (await ReadAsync(server, id), await ReadAsync(server, id));

        TextOf(first).Should().StartWith($"You asked: {Question}\n\nEach word").And.EndWith("the model stops. ");
        first[^1].Should().BeEquivalentTo(new { EventType = "end", Data = "complete" });
        first.Select(item => item.EventId).Should().OnlyHaveUniqueItems();
        second.Should().BeEquivalentTo(first, options => options.WithStrictOrdering(), "a later client starts at the beginning");
    }

    [Fact]
    public async Task Answer_ConnectionCut_ResumesWithTheRestOnce()
    {
        using var server = await StartAsync(Patient);
        var id = await AskAsync(server);

        var begin = await ReadAsync(server, id, count: 20);
        var middle = await ReadAsync(server, id, begin[^1].EventId, count: 20);
        var rest = await ReadAsync(server, id, middle[^1].EventId);

        // The parser gives the interval of a retry field to the next event, which depends on the place of the cut.
        var parts = begin.Concat(middle).Concat(rest).Select(item => (item.Data, item.EventId));
        parts.Should().Equal((await ReadAsync(server, id)).Select(item => (item.Data, item.EventId)));
    }

    [Fact]
    public async Task Answer_ReconnectAfterEnd_Gets204()
    {
        using var server = await StartAsync(Patient);
        var id = await AskAsync(server);
        var items = await ReadAsync(server, id);
        using var client = NewClient(server, items[^1].EventId);

        using var response = await client.GetAsync($"answers/{id}");

        response.StatusCode.Should().Be(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task Answer_ForgedLastEventId_IsNotFound()
    {
        using var server = await StartAsync(Patient);
        var id = await AskAsync(server);
        await ReadAsync(server, id);
        using var client = NewClient(server, "forged");

        using var response = await client.GetAsync($"answers/{id}");

        response.StatusCode.Should().Be(HttpStatusCode.NotFound, "an answer without its missing words would be wrong");
    }

    [Fact]
    public async Task Answer_NoClientLeft_CancelsSourceAndReportsCanceled()
    {
        using var server = await StartAsync(idleTimeout: "1", pace: "0.1");
        // Without a cancellation, the answer takes minutes.
        var id = await AskAsync(server, string.Join(' ', Enumerable.Repeat("x", 1_000)));

        await ReadAsync(server, id, count: 3);
        await Limits.UntilAsync(() => server.Output.Contains($"Answer {id}: canceled", StringComparison.Ordinal));
        var items = await ReadAsync(server, id);

        items[^1].Should().BeEquivalentTo(new { EventType = "end", Data = "canceled" });
    }

    [Fact]
    public async Task Stop_DuringAnswer_EndsItAsCanceled()
    {
        using var server = await StartAsync(Patient, pace: "0.5");
        var id = await AskAsync(server);
        using var client = server.NewClient();
        await using var stream = await EventStream.OpenAsync(client, $"answers/{id}");

        using var stopped = await client.PostAsync($"answers/{id}/stop", content: null);
        using var unknown = await client.PostAsync("answers/unknown/stop", content: null);

        stopped.StatusCode.Should().Be(HttpStatusCode.NoContent);
        unknown.StatusCode.Should().Be(HttpStatusCode.NotFound);
        SseItem<string>? last = null;
        while (await stream.TryNextAsync() is { } item)
            last = item;
        last.Should().BeEquivalentTo(new { EventType = "end", Data = "canceled" });
    }

    [Fact]
    public async Task Answer_ClientStays_DoesNotCancelSource()
    {
        using var server = await StartAsync(idleTimeout: "2", pace: "0.06");

        // The answer takes longer than the idle timeout. A busy machine can take as long from the question to the reader.
        List<SseItem<string>> items;
        var attempts = 0;
        do
            items = await ReadAsync(server, await AskAsync(server));
        while (items[^1].Data == "canceled" && ++attempts < 5);

        items[^1].Data.Should().Be("complete");
    }

    [Fact]
    public async Task Answer_UnknownIdOrNoQuestion_IsRefused()
    {
        using var server = await StartAsync(Patient);
        using var client = server.NewClient();

        using var unknown = await client.GetAsync("answers/unknown");
        using var empty = await client.PostAsJsonAsync("answers", "");
        using var tooLong = await client.PostAsJsonAsync("answers", new string('x', 2_001));

        unknown.StatusCode.Should().Be(HttpStatusCode.NotFound);
        empty.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        tooLong.StatusCode.Should().Be(HttpStatusCode.BadRequest);
    }

    private static Task<SampleServer> StartAsync(string idleTimeout, string pace = "0.02") =>
        SampleServer.StartAsync("Streaming", port: 0, "--idleTimeout", idleTimeout, "--pace", pace);

    private static async Task<string> AskAsync(SampleServer server, string? question = null)
    {
        using var client = server.NewClient();
        using var response = await client.PostAsJsonAsync("answers", question ?? Question);
        response.StatusCode.Should().Be(HttpStatusCode.OK);
        return (await response.Content.ReadFromJsonAsync<string>())!;
    }

    /// <summary>Reads some events, or all events until the stream ends, and disconnects.</summary>
    private static async Task<List<SseItem<string>>> ReadAsync(
        SampleServer server, string id, string? lastEventId = null, int count = int.MaxValue)
    {
        using var client = NewClient(server, lastEventId);
        await using var stream = await EventStream.OpenAsync(client, $"answers/{id}");
        var items = new List<SseItem<string>>();
        while (items.Count < count && await stream.TryNextAsync() is { } item)
            items.Add(item);
        return items;
    }

    private static HttpClient NewClient(SampleServer server, string? lastEventId)
    {
        var client = server.NewClient();
        if (lastEventId is not null)
            client.DefaultRequestHeaders.Add("Last-Event-ID", lastEventId);
        return client;
    }

    private static string TextOf(IEnumerable<SseItem<string>> items) =>
        string.Concat(items.Where(item => item.EventType == "message").Select(item => item.Data));
}
