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

        var resuming = IdsWhenResumedAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "For 5 seconds" }).ClickAsync();
        var idsWhenResumed = await resuming.WithinPatience();

        var (before, ids) = (idsWhenResumed[0], idsWhenResumed[1..]);
        ids.Should().Contain(before);
        await witness.ShouldHaveInOneRunAsync(ids);
        await Expect(Gaps(page)).ToHaveCountAsync(0);
    }

    [SkippableFact]
    public async Task Connection_LostForLongerThanHistory_EachChartShowsGap()
    {
        const int History = 5;
        using var server = await DashboardServer.StartAsync(interval: 0.3, History);
        await using var proxy = new TcpProxy(server.Address.Port);
        await using var witness = await DashboardStream.OpenAsync(server);
        await witness.NextStateAsync();
        var page = await OpenAsync(proxy.Address);
        await Expect(Rows(page).First).ToBeAttachedAsync();

        var gap = GapAsync(page);
        // On a busy machine, the server takes fewer samples in the time of the outage.
        proxy.Stall();
        await page.GetByRole(AriaRole.Button, new() { Name = "the server remembers 1.5 s" }).ClickAsync();
        await Expect(Log(page)).ToContainTextAsync("Connection lost");
        await witness.ReadToAsync((await IdsAsync(page))[^1]);
        await witness.SkipAsync(History + 1);
        proxy.GoOn();
        await gap.WithinPatience();

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

        var gap = GapAsync(page);
        await server.KillAsync();
        await Expect(Status(page)).ToContainTextAsync("Connection lost");
        await server.RestartAsync();
        await gap.WithinPatience();

        await Expect(Status(page)).ToHaveTextAsync("Connected");
        await using var fresh = await DashboardStream.OpenAsync(server);
        await fresh.NextStateAsync();
        var earlier = fresh.Ids.Count;
        await Limits.UntilAsync(async () =>
        {
            await fresh.NextSampleAsync();
            return (await IdsAsync(page)).Intersect(fresh.Ids.Skip(earlier)).Any();
        });
    }

    private Task<IPage> OpenAsync(DashboardServer server) => OpenAsync(server.Address);

    private async Task<IPage> OpenAsync(Uri address)
    {
        var page = await chromium.OpenAsync(address);
        await Expect(Status(page)).ToHaveTextAsync("Connected");
        await page.GetByText("The samples as a table").ClickAsync();
        return page;
    }

    private static ILocator Status(IPage page) => page.GetByRole(AriaRole.Status);

    private static ILocator Log(IPage page) => page.GetByRole(AriaRole.Log);

    private static ILocator Gaps(IPage page) => page.Locator(".chart rect.gap");

    private static ILocator Rows(IPage page) => page.Locator("tbody tr");

    /// <summary>
    /// Waits until each chart and the table show one gap at the same moment. Start this before the gap, which soon leaves the page: on a
    /// busy machine, the browser can be ahead of the test.
    /// </summary>
    private static Task<bool> GapAsync(IPage page) => page.EvaluateAsync<bool>(
        """
        charts => new Promise(shown => new MutationObserver(() => {
          const all = selector => [...document.querySelectorAll(selector)];
          if (all(".chart rect.gap").length === charts && all(".gap-label").length === charts && all(".after-gap").length === 1
              && all(".gap-label").every(label => label.textContent.startsWith("gap "))
              && document.getElementById("log").textContent.includes("A gap of "))
            shown(true);
        }).observe(document.body, { childList: true, subtree: true }))
        """,
        Charts);

    /// <summary>
    /// Returns the id of the last sample before the loss of the connection, and then the ids of all samples in the page when it has
    /// resumed. Start this before the loss: on a busy machine, the browser can be ahead of the test.
    /// </summary>
    private static Task<string[]> IdsWhenResumedAsync(IPage page) => page.EvaluateAsync<string[]>(
        """
        () => new Promise(resumed => {
          let before = null;
          new MutationObserver(() => {
            const log = document.getElementById("log").textContent;
            const ids = [...document.querySelectorAll("tbody tr")].map(row => row.dataset.at).reverse();
            if (log.includes("Connection lost"))
              before ??= ids.at(-1);
            if (log.includes("Resumed: nothing is missing") && ids.at(-1) !== before)
              resumed([before, ...ids]);
          }).observe(document.body, { childList: true, subtree: true });
        })
        """);

    /// <summary>Returns the ids of all samples in the page, from the oldest to the newest.</summary>
    private static async Task<string[]> IdsAsync(IPage page)
    {
        var newestFirst = await Rows(page).EvaluateAllAsync<string[]>("rows => rows.map(row => row.dataset.at)");
        return [.. newestFirst.Reverse()];
    }
}
