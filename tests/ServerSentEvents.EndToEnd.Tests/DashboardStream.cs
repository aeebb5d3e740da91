using System.Globalization;
using System.Text.Json;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>A client of the dashboard without a browser. Notes the ids of all received samples.</summary>
internal sealed class DashboardStream : IAsyncDisposable
{
    private readonly HttpClient _client;
    private readonly EventStream _events;

    private DashboardStream(HttpClient client, EventStream events)
    {
        _client = client;
        _events = events;
    }

    /// <summary>The ids of the received samples, in the order of receipt.</summary>
    internal List<string> Ids { get; } = [];

    internal static async Task<DashboardStream> OpenAsync(
        DashboardServer server, string? lastEventId = null, string after = "")
    {
        var client = server.NewClient(lastEventId);
        return new(client, await EventStream.OpenAsync(client, $"events?after={after}"));
    }

    /// <summary>Returns the state, which is the first event of a stream that does not resume.</summary>
    internal async Task<JsonElement> NextStateAsync()
    {
        var item = await _events.NextAsync();
        item.EventType.Should().Be("state");
        var state = JsonDocument.Parse(item.Data).RootElement;
        Ids.AddRange(state.GetProperty("samples").EnumerateArray().Select(IdOf));
        if (Ids.Count > 0)
            item.EventId.Should().Be(Ids[^1], "a client resumes from its last sample");
        return state;
    }

    internal async Task<JsonElement> NextSampleAsync()
    {
        var item = await _events.NextAsync();
        item.EventType.Should().Be("sample");
        var sample = JsonDocument.Parse(item.Data).RootElement;
        item.EventId.Should().Be(IdOf(sample));
        Ids.Add(IdOf(sample));
        return sample;
    }

    internal async Task SkipAsync(int samples)
    {
        for (var i = 0; i < samples; i++)
            await NextSampleAsync();
    }

    /// <summary>Reads until this client has the sample or a newer sample.</summary>
    internal async Task ReadToAsync(string id)
    {
        while (Ids.Count == 0 || Number(Ids[^1]) < Number(id))
            await NextSampleAsync();
    }

    /// <summary>Asserts that the ids are a part of this client's samples, without a gap or a repeat.</summary>
    internal async Task ShouldHaveInOneRunAsync(IReadOnlyList<string> ids)
    {
        await ReadToAsync(ids[^1]);
        Ids.Should().Contain(ids[0]);
        ids.Should().Equal(Ids.Skip(Ids.IndexOf(ids[0])).Take(ids.Count));
    }

    internal Task ShouldEndAsync() => _events.ShouldEndAsync();

    public async ValueTask DisposeAsync()
    {
        await _events.DisposeAsync();
        _client.Dispose();
    }

    private static string IdOf(JsonElement sample) => sample.GetProperty("at").GetRawText();

    private static long Number(string id) => long.Parse(id, CultureInfo.InvariantCulture);
}
