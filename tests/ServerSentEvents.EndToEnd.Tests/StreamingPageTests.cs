using System.Collections.Concurrent;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>Tests the answers of the fake language model in a real browser.</summary>
public sealed class StreamingPageTests(Chromium chromium) : IClassFixture<Chromium>, IAsyncLifetime
{
    /// <summary>A question whose answer takes more than eight minutes at half a second for each word.</summary>
    private static readonly string LongQuestion = string.Join(' ', Enumerable.Repeat("x", 1_000));

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => chromium.CloseAllAsync();

    [SkippableFact]
    public async Task Answer_PageClosed_ShowedTokensBeforeTheEndAndCancelsSource()
    {
        using var server = await SampleServer.StartAsync("Streaming", port: 0, "--idleTimeout", "30", "--pace", "0.5");
        var page = await AskAsync(server.Address, LongQuestion);

        await Expect(Answer(page)).ToContainTextAsync("You asked: x x x");
        server.Output.Should().NotContain("Answer ", "the page shows tokens before the answer has ended");
        await page.CloseAsync();

        await Limits.UntilAsync(() => server.Output.Contains(": canceled", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task StopButton_DuringAnswer_EndsIt()
    {
        using var server = await SampleServer.StartAsync("Streaming", port: 0, "--idleTimeout", "3600", "--pace", "0.5");
        var page = await AskAsync(server.Address, LongQuestion);
        await Expect(Answer(page)).ToContainTextAsync("You asked: x");

        await page.GetByRole(AriaRole.Button, new() { Name = "Stop" }).ClickAsync();

        await Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Canceled");
    }

    [SkippableFact]
    public async Task Answer_ConnectionCutAndPageReloaded_IsCompleteEachTime()
    {
        const string Question = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20";
        using var server = await SampleServer.StartAsync("Streaming", port: 0, "--idleTimeout", "3600", "--pace", "0.1");
        await using var proxy = new TcpProxy(server.Address.Port);
        var isCut = false;
        proxy.Answers = bytes =>
        {
            if (isCut || bytes.Span.IndexOf("data: 10 "u8) < 0)
                return;
            isCut = true;
            proxy.Cut();
        };
        var streams = new ConcurrentQueue<string>();
        var page = await chromium.OpenAsync(proxy.Address);
        page.Request += (_, request) =>
        {
            if (request.Url.Contains("/answers/", StringComparison.Ordinal))
                streams.Enqueue(request.Url);
        };
        await AskAsync(page, Question);

        await Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Complete");
        await ShouldBeCompleteAsync();
        streams.Should().HaveCountGreaterThan(1, "the page has reconnected");

        await page.ReloadAsync();
        await Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Complete");
        await ShouldBeCompleteAsync();

        async Task ShouldBeCompleteAsync() => (await Answer(page).TextContentAsync()).Should().Be(
            $"You asked: {Question}\n\nEach word of this answer is an event. Reload the page, or stop the network for a moment: "
            + "nothing is missing, and nothing comes twice. Close the page: after some seconds, the model stops. ");
    }

    [SkippableFact]
    public async Task FinishedAnswer_BrowserReconnects_StopsAt204()
    {
        using var server = await SampleServer.StartAsync("Streaming", port: 0, "--idleTimeout", "3600", "--pace", "0.001");
        var page = await AskAsync(server.Address, "why");
        await Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Complete");
        var statuses = new ConcurrentQueue<int>();
        page.Response += (_, response) => statuses.Enqueue(response.Status);

        // The page itself closes its stream at the end. This reader lets the browser decide.
        await page.EvaluateAsync("""
            () => new Promise(done => {
              const source = new EventSource("answers/" + location.hash.slice(1));
              source.onerror = () => source.readyState === EventSource.CLOSED && done();
            })
            """);

        statuses.Should().Equal(200, 204);
    }

    private async Task<IPage> AskAsync(Uri address, string question)
    {
        var page = await chromium.OpenAsync(address);
        await AskAsync(page, question);
        return page;
    }

    private static async Task AskAsync(IPage page, string question)
    {
        await page.GetByLabel("Question").FillAsync(question);
        await page.Keyboard.PressAsync("Enter");
    }

    private static ILocator Answer(IPage page) => page.GetByRole(AriaRole.Log);
}
