using System.Text.Json;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>Tests the pages of the samples with axe-core, and with the accessibility settings of browsers.</summary>
public sealed class AccessibilityTests(Chromium chromium, AccessibilityScripts scripts)
    : IClassFixture<Chromium>, IClassFixture<AccessibilityScripts>, IAsyncLifetime
{
    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => chromium.CloseAllAsync();

    [SkippableTheory]
    [InlineData("Visits")]
    [InlineData("HttpListener")]
    [InlineData("Streaming")]
    [InlineData("Chat")]
    [InlineData("Dashboard")]
    public async Task Page_LightDarkNarrowAndLost_HasNoViolationsAndFollowsSettings(string sample)
    {
        using var server = await StartAsync(sample);
        var page = await chromium.OpenAsync(server.Address);
        await FillAsync(sample, page, server);

        await ShouldHaveNoViolationsAsync(page, scripts);
        await page.SetViewportSizeAsync(360, 640);
        await ShouldHaveNoViolationsAsync(page, scripts);
        await server.KillAsync();
        await Expect(page.GetByRole(AriaRole.Status)).ToHaveAttributeAsync("data-state", "lost");
        await ShouldHaveNoViolationsAsync(page, scripts);
        await ShouldFollowSettingsAsync(page);
    }

    /// <summary>
    /// Sets reduced motion and forced colors on a page whose connection is lost. Asserts that nothing moves, and that parts have
    /// borders.
    /// </summary>
    internal static async Task ShouldFollowSettingsAsync(IPage page)
    {
        await page.EmulateMediaAsync(new() { ReducedMotion = ReducedMotion.NoPreference });
        (await AnimationsAsync()).Should().BePositive("the status pulses while the connection is lost");
        await page.EmulateMediaAsync(new() { ReducedMotion = ReducedMotion.Reduce, ForcedColors = ForcedColors.Active });
        (await AnimationsAsync()).Should().Be(0);
        // Forced colors remove backgrounds. Without a border, these parts would look like plain text.
        var parts = await page.EvaluateAsync<JsonElement>("""
            () => {
              const found = [...document.querySelectorAll("button, input, textarea, .card, .text, .badge, #status")].filter(part => part.checkVisibility());
              const hasBorder = style => style.borderTopStyle === "solid" && parseFloat(style.borderTopWidth) > 0
                && style.borderTopColor !== getComputedStyle(document.body).backgroundColor && !/^rgba.*, 0\)$/.test(style.borderTopColor);
              return { count: found.length, bare: found.filter(part => !hasBorder(getComputedStyle(part))).map(part => part.outerHTML) };
            }
            """);
        parts.GetProperty("count").GetInt32().Should().BePositive();
        parts.GetProperty("bare").EnumerateArray().Select(part => part.GetString()).Should().BeEmpty();

        Task<int> AnimationsAsync() => page.EvaluateAsync<int>("() => document.getAnimations().length");
    }

    /// <summary>Runs all rules of axe-core in both color schemes.</summary>
    internal static async Task ShouldHaveNoViolationsAsync(IPage page, AccessibilityScripts scripts)
    {
        if (await page.EvaluateAsync<bool>("() => !('axe' in window)"))
            await page.EvaluateAsync(await scripts.ReadPackageFileAsync("axe-core/axe.min.js"));
        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            await page.EmulateMediaAsync(new() { ColorScheme = scheme });
            var results = await page.EvaluateAsync<JsonElement>(
                """
                async () => {
                  const { violations, passes } = await axe.run();
                  return {
                    rules: passes.map(rule => rule.id),
                    violations: violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html} ${node.failureSummary}`)),
                  };
                }
                """);
            results.GetProperty("rules").EnumerateArray().Select(rule => rule.GetString()).Should().Contain("color-contrast");
            results.GetProperty("violations").EnumerateArray().Select(node => node.GetString())
                .Should().BeEmpty("{0} in {1}", page.Url, scheme);
        }
    }

    private static Task<SampleServer> StartAsync(string sample) => sample switch
    {
        "HttpListener" => SampleServer.StartHttpListenerAsync(),
        // The answer must not end during the test.
        "Streaming" => SampleServer.StartAsync(sample, port: 0, "--idleTimeout", "3600", "--pace", "1"),
        _ => SampleServer.StartAsync(sample),
    };

    /// <summary>Uses the page until all its parts are visible.</summary>
    private async Task FillAsync(string sample, IPage page, SampleServer server)
    {
        switch (sample)
        {
            case "Visits":
                await Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Connected");
                await chromium.OpenAsync(server.Address);
                await Expect(page.GetByRole(AriaRole.Listitem)).ToHaveCountAsync(1);
                break;
            case "HttpListener":
                await Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Connected");
                await page.GetByLabel("Event", new() { Exact = true }).FillAsync("hello");
                await page.Keyboard.PressAsync("Enter");
                await Expect(page.GetByRole(AriaRole.Listitem)).ToHaveTextAsync(["hello"]);
                break;
            case "Streaming":
                await page.GetByLabel("Question").FillAsync(string.Join(' ', Enumerable.Repeat("why", 500)));
                await page.Keyboard.PressAsync("Enter");
                await Expect(page.GetByRole(AriaRole.Log)).ToContainTextAsync("why why");
                break;
            case "Chat":
                await Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Connected");
                var other = await chromium.OpenAsync(server.Address);
                await Expect(other.GetByRole(AriaRole.Status)).ToHaveTextAsync("Connected");
                await other.Keyboard.TypeAsync("hello");
                await other.Keyboard.PressAsync("Enter");
                await page.Keyboard.TypeAsync("hello");
                await page.Keyboard.PressAsync("Enter");
                await Expect(page.Locator(".message")).ToHaveCountAsync(2);
                break;
            default:
                await page.GetByText("The samples as a table").ClickAsync();
                await Expect(page.Locator("tbody tr").Nth(1)).ToBeAttachedAsync();
                break;
        }
    }
}
