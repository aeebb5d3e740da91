using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>Tests the page of the cluster in a real browser, whose EventSource moves from node to node.</summary>
[Collection(nameof(OneBroker))]
public sealed class ClusterPageTests(SingleBroker broker, Chromium chromium, AccessibilityScripts scripts)
    : IClassFixture<Chromium>, IClassFixture<AccessibilityScripts>, IAsyncLifetime
{
    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => chromium.CloseAllAsync();

    [SkippableFact]
    public async Task Pages_OnTwoNodes_ExchangeMessages()
    {
        const string Markup = "<img src=x onerror='window.ran = 1'><b>bold</b>";
        using var cluster = await ClusterServer.StartAsync(broker);
        var ada = await OpenAtAsync(cluster, "A");
        var bob = await OpenAtAsync(cluster, "B");

        await SendAsync(ada, "Ada", "hello");
        await Expect(Texts(bob)).ToHaveTextAsync(["hello"]);
        await SendAsync(bob, "Bob", Markup);

        await Expect(Texts(ada)).ToHaveTextAsync(["hello", Markup]);
        await Expect(Texts(bob)).ToHaveTextAsync(["hello", Markup]);
        await Expect(ada.Locator(".message .author")).ToHaveTextAsync(["You", "Bob"]);
        await Expect(bob.Locator(".message .author")).ToHaveTextAsync(["Ada", "You"]);
        await Expect(ada.Locator(".message .badge")).ToHaveTextAsync([NodeName(), NodeName()]);
        (await ada.EvaluateAsync<bool>("() => 'ran' in window")).Should().BeFalse();
        await AccessibilityTests.ShouldHaveNoViolationsAsync(ada, scripts);
        await cluster.KillAsync();
        await Expect(Status(ada)).ToHaveAttributeAsync("data-state", "lost");
        await AccessibilityTests.ShouldFollowSettingsAsync(ada);
    }

    [SkippableFact]
    public async Task StopButton_DuringMessages_PageContinuesAtOtherNode()
    {
        using var cluster = await ClusterServer.StartAsync(broker);
        var page = await OpenAtAsync(cluster, "A");
        string[] texts = [.. Enumerable.Range(0, 100).Select(i => $"message {i}")];

        var writing = WriteAsync();
        await Expect(Texts(page).First).ToBeAttachedAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Stop this node" }).ClickAsync();
        await Expect(Status(page)).ToHaveTextAsync("Connected to node B");
        await writing;

        await Expect(Texts(page)).ToHaveTextAsync(texts);
        await Expect(Log(page)).ToContainTextAsync("Node B: resumed, nothing is missing.");
        await Expect(Log(page)).Not.ToContainTextAsync("gap");

        async Task WriteAsync()
        {
            foreach (var text in texts)
                await cluster.SayAsync(text);
        }
    }

    [SkippableFact]
    public async Task Reconnect_ErrorStatus_PageResumesWithANewEventSource()
    {
        using var cluster = await ClusterServer.StartAsync(broker);
        var page = await OpenAtAsync(cluster, "A");
        await SendAsync(page, "Ada", "before");
        await Expect(Texts(page)).ToHaveTextAsync(["before"]);
        // Answers once as a proxy without a node does.
        await page.RouteAsync(
            "**/events?*",
            async route =>
            {
                await cluster.SayAsync("missed");
                await route.FulfillAsync(new() { Status = 502 });
            },
            new() { Times = 1 });

        await page.GetByRole(AriaRole.Button, new() { Name = "Stop this node" }).ClickAsync();

        await Expect(Texts(page)).ToHaveTextAsync(["before", "missed"]);
        await Expect(Log(page)).ToContainTextAsync("Node B: resumed, nothing is missing.");
    }

    private async Task<IPage> OpenAtAsync(ClusterServer cluster, string node)
    {
        var page = await chromium.OpenAsync(cluster.Address);
        using var limit = new CancellationTokenSource(Limits.Patience);
        while (true)
        {
            await Expect(Status(page)).ToContainTextAsync("Connected to node");
            if (await page.Locator("#node").InnerTextAsync() == node)
                return page;
            limit.Token.ThrowIfCancellationRequested();
            await page.ReloadAsync();
        }
    }

    private static async Task SendAsync(IPage page, string name, string text)
    {
        await page.GetByLabel("Your name").FillAsync(name);
        await page.GetByLabel("Message", new() { Exact = true }).FillAsync(text);
        await page.Keyboard.PressAsync("Enter");
    }

    private static System.Text.RegularExpressions.Regex NodeName() => new("^[AB]$", default, TimeSpan.FromSeconds(1));

    private static ILocator Status(IPage page) => page.GetByRole(AriaRole.Status);

    private static ILocator Log(IPage page) => page.Locator("#log");

    private static ILocator Texts(IPage page) => page.Locator(".message .text");
}
