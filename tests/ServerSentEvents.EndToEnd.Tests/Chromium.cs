using Microsoft.Playwright;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>
/// The browser of the tests. Each test class has one. If the machine has no browser, <see cref="Tool"/> skips or fails the test.
/// </summary>
public sealed class Chromium : IAsyncLifetime
{
    private static readonly string[] Names = OperatingSystem.IsWindows()
        ? ["chrome.exe", "msedge.exe"]
        : ["chromium", "chromium-browser", "google-chrome"];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async Task InitializeAsync()
    {
        if (Find(Environment.GetEnvironmentVariable("PATH")) is not { } path)
            return;

        Assertions.SetDefaultExpectTimeout((float)Limits.Patience.TotalMilliseconds);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = path,
            Timeout = (float)Limits.Patience.TotalMilliseconds,
            Args = ["--no-sandbox", "--disable-background-networking", "--disable-gpu"],
        });
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
    }

    /// <summary>Opens a page in a new browser profile, or as another tab of a profile.</summary>
    internal async Task<IPage> OpenAsync(Uri address, IBrowserContext? context = null)
    {
        Require(_browser is not null, Environment.GetEnvironmentVariable("CI"));
        // Without a graphics card, animations cost much time.
        context ??= await _browser!.NewContextAsync(new() { ReducedMotion = ReducedMotion.Reduce });
        var page = await context.NewPageAsync();
        page.SetDefaultTimeout((float)Limits.Patience.TotalMilliseconds);
        await page.GotoAsync(address.ToString());
        return page;
    }

    /// <summary>Closes all pages. Otherwise, pages of a finished test would take time from the next test, for instance to reconnect.</summary>
    internal async Task CloseAllAsync()
    {
        foreach (var context in _browser?.Contexts.ToArray() ?? [])
            await context.CloseAsync();
    }

    internal static void Require(bool found, string? ci) =>
        Tool.Require(found, "No Chromium on the PATH. On Debian and Ubuntu: apt-get install chromium", ci);

    internal static string? Find(string? path) => Tool.Find(path, Names);
}
