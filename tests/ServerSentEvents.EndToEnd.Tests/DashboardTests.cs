using System.Net;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>Tests the dashboard with clients without a browser.</summary>
public sealed class DashboardTests
{
    private const int More = 10;

    [Fact]
    public async Task Events_NewClient_GetsKeptSamplesThenEachNewSample()
    {
        using var server = await DashboardServer.StartAsync(interval: 0.05, history: 5);
        await using var first = await DashboardStream.OpenAsync(server);
        await first.NextStateAsync();
        await first.SkipAsync(More);

        await using var second = await DashboardStream.OpenAsync(server);
        var state = await second.NextStateAsync();
        await second.SkipAsync(More);

        state.GetProperty("interval").GetDouble().Should().Be(50);
        state.GetProperty("history").GetInt32().Should().Be(5);
        second.Ids.Should().HaveCount(5 + More);
        await first.ShouldHaveInOneRunAsync(second.Ids);
    }

    [Fact]
    public async Task Events_JoinDuringSamples_NoGapAndNoDuplicate()
    {
        using var server = await DashboardServer.StartAsync(interval: 0.001, history: 100);
        await using var witness = await DashboardStream.OpenAsync(server);
        await witness.NextStateAsync();
        await witness.SkipAsync(More);

        var joining = Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            var joined = new List<IReadOnlyList<string>>();
            for (var i = 0; i < 100; i++)
            {
                await using var joiner = await DashboardStream.OpenAsync(server);
                await joiner.NextStateAsync();
                await joiner.SkipAsync(3);
                joined.Add(joiner.Ids);
            }

            return joined;
        })));
        while (!joining.IsCompleted)
            await witness.NextSampleAsync();

        foreach (var ids in (await joining).SelectMany(joined => joined))
            await witness.ShouldHaveInOneRunAsync(ids);
    }

    [Fact]
    public async Task Sample_OpenStreams_ContainsTheirFigures()
    {
        using var server = await DashboardServer.StartAsync(interval: 0.05, history: 5);
        await using var first = await DashboardStream.OpenAsync(server);
        await using var second = await DashboardStream.OpenAsync(server);
        await second.NextStateAsync();

        // The figures of the first samples may be from before the second stream opened.
        await second.SkipAsync(More);
        var sample = await second.NextSampleAsync();

        sample.GetProperty("subscribers").GetInt64().Should().Be(2);
        sample.GetProperty("cpu").GetDouble().Should().BeGreaterThanOrEqualTo(0);
        sample.GetProperty("memory").GetInt64().Should().BePositive();
        var figures = new List<double>();
        while (figures.Count < More)
            figures.Add((await second.NextSampleAsync()).GetProperty("eventsPerSecond").GetDouble());
        figures.Should().Contain(figure => figure > 0).And.NotContain(figure => figure < 0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Events_ReconnectInTime_ResumeWithExactlyTheMissedSamples(bool idIsInTheHeader)
    {
        using var server = await DashboardServer.StartAsync(interval: 0.05, history: 2_000);
        await using var witness = await DashboardStream.OpenAsync(server);
        await witness.NextStateAsync();
        await witness.NextSampleAsync();
        var last = witness.Ids[^1];
        await witness.SkipAsync(More);

        await using var back = idIsInTheHeader
            ? await DashboardStream.OpenAsync(server, last)
            : await DashboardStream.OpenAsync(server, after: last);
        await back.SkipAsync(2 * More);

        await witness.ShouldHaveInOneRunAsync([last, .. back.Ids]);
    }

    [Fact]
    public async Task Events_ReconnectTooLate_RestartWithoutTheLastSample()
    {
        using var server = await DashboardServer.StartAsync(interval: 0.05, history: 3);
        await using var witness = await DashboardStream.OpenAsync(server);
        await witness.NextStateAsync();
        await witness.NextSampleAsync();
        var last = witness.Ids[^1];
        await witness.SkipAsync(More);

        await using var back = await DashboardStream.OpenAsync(server, last);
        await back.NextStateAsync();
        await back.SkipAsync(More);

        back.Ids.Should().NotContain(last);
        await witness.ShouldHaveInOneRunAsync(back.Ids);
    }

    [Fact]
    public async Task Events_ServerKilledAndRestarted_StartWithState()
    {
        using var server = await DashboardServer.StartAsync(interval: 0.05, history: 2_000);
        await using var before = await DashboardStream.OpenAsync(server);
        await before.NextStateAsync();
        await before.SkipAsync(More);

        await server.KillAsync();
        await server.RestartAsync();
        await using var after = await DashboardStream.OpenAsync(server, before.Ids[^1]);
        await after.NextStateAsync();
        await after.SkipAsync(More);

        after.Ids.Should().NotIntersectWith(before.Ids);
    }

    [Fact]
    public async Task Page_AnyWorkingDirectory_IsServedAndAllowsNoOtherScript()
    {
        using var server = await DashboardServer.StartAsync(interval: 1, history: 5);
        using var client = server.NewClient();

        foreach (var (path, type) in new[] { ("/", "text/html"), ("/chart.js", "text/javascript"), ("/dashboard.css", "text/css") })
        {
            using var response = await client.GetAsync(path);

            response.StatusCode.Should().Be(HttpStatusCode.OK);
            response.Content.Headers.ContentType!.MediaType.Should().Be(type);
            response.Headers.GetValues("Content-Security-Policy").Single().Split("; ")
                .Should().Contain(["default-src 'none'", "script-src 'self'"]).And.NotContain(rule => rule.Contains("unsafe"));
        }
    }

    [UnixFact]
    public async Task Server_StoppedWithOpenStreams_EndsStreamsAndExitsSoon()
    {
        using var server = await DashboardServer.StartAsync(interval: 0.05, history: 5);
        await using var first = await DashboardStream.OpenAsync(server);
        await using var second = await DashboardStream.OpenAsync(server);
        await second.NextStateAsync();

        await server.StopAsync();

        await first.ShouldEndAsync();
        await second.ShouldEndAsync();
    }
}
