using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>Tests the dashboard in a real browser. The tests read the samples from the table of the page.</summary>
public sealed class DashboardPageTests(Chromium chromium) : IClassFixture<Chromium>, IAsyncLifetime
{
    /// <summary>The number of charts.</summary>
    private const int Charts = 4;

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => chromium.CloseAllAsync();

    [SkippableFact]
    public async Task Samples_Arrive_ChartsGrow()
    {
        using var server = await DashboardServer.StartAsync(interval: 0.1, history: 5);
        await using var witness = await DashboardStream.OpenAsync(server);
        await witness.NextStateAsync();
        var page = await OpenAsync(server);

        await Expect(Rows(page).Nth(15)).ToBeAttachedAsync();

        await witness.ShouldHaveInOneRunAsync(await IdsAsync(page));
        await Expect(page.GetByRole(AriaRole.Img)).ToHaveCountAsync(Charts);
        await Expect(page.Locator(".chart .line")).ToHaveCountAsync(Charts);
        (await page.Locator(".number").Nth(1).InnerTextAsync()).Should().MatchRegex("^[1-9]");
        await Expect(Gaps(page)).ToHaveCountAsync(0);
    }

    [SkippableFact]
    public async Task Connection_LostForShortTime_ResumesWithoutLossOrRepeat()
    {
        using var server = await DashboardServer.StartAsync(interval: 0.5, history: 200);
        await using var witness = await DashboardStream.OpenAsync(server);
        await witness.NextStateAsync();
        var page = await OpenAsync(server);
        await Expect(Rows(page).First).ToBeAttachedAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "For 5 seconds" }).ClickAsync();
        await Expect(Log(page)).ToContainTextAsync("Connection lost");
        var before = (await IdsAsync(page))[^1];
        await Expect(Log(page)).ToContainTextAsync("Resumed: nothing is missing");

        await Expect(Newest(page, before)).ToHaveCountAsync(0);
        var ids = await IdsAsync(page);
        ids.Should().Contain(before);
        await witness.ShouldHaveInOneRunAsync(ids);
        await Expect(Gaps(page)).ToHaveCountAsync(0);
    }

    [SkippableFact]
    public async Task Connection_LostForLongerThanHistory_EachChartShowsGap()
    {
        using var server = await DashboardServer.StartAsync(interval: 0.3, history: 5);
        await using var witness = await DashboardStream.OpenAsync(server);
        await witness.NextStateAsync();
        var page = await OpenAsync(server);
        await Expect(Rows(page).First).ToBeAttachedAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "the server remembers 1.5 s" }).ClickAsync();
        await Expect(Log(page)).ToContainTextAsync("Connection lost");
        await Expect(Log(page)).ToContainTextAsync("A gap of ");

        await Expect(Gaps(page)).ToHaveCountAsync(Charts);
        await Expect(page.Locator(".gap-label").First).ToContainTextAsync("gap ");
        await Expect(page.Locator(".after-gap")).ToHaveCountAsync(1);
        await Expect(Log(page)).Not.ToContainTextAsync("Resumed");
        var ids = await IdsAsync(page);
        await witness.ReadToAsync(ids[^1]);
        ids.Should().BeSubsetOf(witness.Ids).And.OnlyHaveUniqueItems();
    }

    [SkippableFact]
    public async Task Server_KilledAndRestarted_PageContinuesAndShowsGap()
    {
        using var server = await DashboardServer.StartAsync(interval: 0.3, history: 200);
        var page = await OpenAsync(server);
        await Expect(Rows(page).First).ToBeAttachedAsync();

        await server.KillAsync();
        await Expect(Status(page)).ToContainTextAsync("Connection lost");
        await server.RestartAsync();
        await Expect(Log(page)).ToContainTextAsync("A gap of ");

        await Expect(Gaps(page)).ToHaveCountAsync(Charts);
        await Expect(Status(page)).ToHaveTextAsync("Connected");
        await using var fresh = await DashboardStream.OpenAsync(server);
        await fresh.NextStateAsync();
        await fresh.NextSampleAsync();
        await Expect(page.Locator($"tr[data-at='{fresh.Ids[^1]}']")).ToBeAttachedAsync();
    }

    private async Task<IPage> OpenAsync(DashboardServer server)
    {
        var page = await chromium.OpenAsync(server.Address);
        await Expect(Status(page)).ToHaveTextAsync("Connected");
        await page.GetByText("The samples as a table").ClickAsync();
        return page;
    }

    private static ILocator Status(IPage page) => page.GetByRole(AriaRole.Status);

    private static ILocator Log(IPage page) => page.GetByRole(AriaRole.Log);

    private static ILocator Gaps(IPage page) => page.Locator(".chart rect.gap");

    private static ILocator Rows(IPage page) => page.Locator("tbody tr");

    /// <summary>Returns the first row if it shows the sample with this id.</summary>
    private static ILocator Newest(IPage page, string id) => page.Locator($"tbody tr:first-child[data-at='{id}']");

    /// <summary>Returns the ids of all samples in the page, from the oldest to the newest.</summary>
    private static async Task<string[]> IdsAsync(IPage page)
    {
        var newestFirst = await Rows(page).EvaluateAllAsync<string[]>("rows => rows.map(row => row.dataset.at)");
        return [.. newestFirst.Reverse()];
    }
}
