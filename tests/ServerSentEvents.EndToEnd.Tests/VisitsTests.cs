namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>Tests the smallest sample: every open page gets an event for each new visit.</summary>
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
    public async Task Subscribe_NothingPublished_SendsHeadersImmediately()
    {
        // There is no visit, so no event comes. Headers that wait for the first event would never arrive.
        await using var stream = await EventStream.OpenAsync(_client, "subscribe");
    }

    [Fact]
    public async Task Visit_SeveralStreams_EachGetsEvent()
    {
        await using var first = await EventStream.OpenAsync(_client, "subscribe");
        await using var second = await EventStream.OpenAsync(_client, "subscribe");

        for (var visit = 0; visit < 3; visit++)
        {
            (await _client.GetStringAsync("/")).Should().Contain("EventSource(\"/subscribe\")").And.NotContain("innerHTML");

            (await first.NextAsync()).Data.Should().MatchRegex("^New visit at .+!$");
            (await second.NextAsync()).Data.Should().MatchRegex("^New visit at .+!$");
        }
    }

    [UnixFact]
    public async Task Server_StoppedWithOpenStreams_EndsStreamsAndExitsSoon()
    {
        await using var first = await EventStream.OpenAsync(_client, "subscribe");
        await using var second = await EventStream.OpenAsync(_client, "subscribe");

        await _server.StopAsync();

        await first.ShouldEndAsync();
        await second.ShouldEndAsync();
    }
}
