namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>The smallest sample: every open page hears of each new visit.</summary>
public sealed class VisitsTests : IAsyncLifetime
{
    private SampleServer _server = null!;
    private HttpClient _client = null!;

    public async Task InitializeAsync()
    {
        _server = await SampleServer.StartAsync("Visits");
        _client = _server.NewClient();
    }

    public Task DisposeAsync()
    {
        _client.Dispose();
        _server.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Subscribe_NothingPublished_HeadersComeAtOnce()
    {
        // Without a visit there is no event, so that this would wait in vain for headers that come with the first one.
        await using var stream = await EventStream.OpenAsync(_client, "subscribe");
    }

    [Fact]
    public async Task Visit_SeveralStreamsAreOpen_EachHearsOfIt()
    {
        await using var first = await EventStream.OpenAsync(_client, "subscribe");
        await using var second = await EventStream.OpenAsync(_client, "subscribe");

        for (var visit = 0; visit < 3; visit++)
        {
            (await _client.GetStringAsync("/")).Should().Contain("EventSource(\"/subscribe\")").And.NotContain("innerHTML");

            (await first.NextAsync()).Data.Should().MatchRegex("^New visit from 127.0.0.1 at .+!$");
            (await second.NextAsync()).Data.Should().MatchRegex("^New visit from 127.0.0.1 at .+!$");
        }
    }

    [UnixFact]
    public async Task Server_ToldToStopWithOpenStreams_EndsThemAndStopsAtOnce()
    {
        await using var first = await EventStream.OpenAsync(_client, "subscribe");
        await using var second = await EventStream.OpenAsync(_client, "subscribe");

        await _server.StopAsync();

        await first.ShouldEndAsync();
        await second.ShouldEndAsync();
    }
}
