using System.Globalization;
using System.Text.Json;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>A client of the dashboard without a browser, and the ids of all samples that it has got.</summary>
internal sealed class DashboardStream : IAsyncDisposable
{
    private readonly HttpClient _client;
    private readonly EventStream _events;

    private DashboardStream(HttpClient client, EventStream events)
    {
        _client = client;
        _events = events;
    }

    /// <summary>In the order in which they came.</summary>
    internal List<string> Ids { get; } = [];

    internal static async Task<DashboardStream> OpenAsync(
        DashboardServer server, string? lastEventId = null, string after = "")
    {
        var client = server.NewClient(lastEventId);
        return new(client, await EventStream.OpenAsync(client, $"events?after={after}"));
    }

    /// <summary>What a stream begins with that does not resume.</summary>
    internal async Task<JsonElement> NextStateAsync()
    {
        var item = await _events.NextAsync();
        item.EventType.Should().Be("state");
        var state = JsonDocument.Parse(item.Data).RootElement;
        Ids.AddRange(state.GetProperty("samples").EnumerateArray().Select(IdOf));
        if (Ids.Count > 0)
            item.EventId.Should().Be(Ids[^1], "a client is to resume from the last sample that it has");
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

    /// <summary>Reads on until it has that sample, or one that is newer.</summary>
    internal async Task ReadToAsync(string id)
    {
        while (Ids.Count == 0 || Number(Ids[^1]) < Number(id))
            await NextSampleAsync();
    }

    /// <summary>These are all the samples that this client has got from the first of them on: none is missing, none twice.</summary>
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
