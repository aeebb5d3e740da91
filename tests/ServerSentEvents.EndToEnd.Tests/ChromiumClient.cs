using Microsoft.Playwright;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>The <c>EventSource</c> of a page in Chromium. It does not report comments.</summary>
internal sealed class ChromiumClient : StreamClient
{
    private readonly IPage _page;

    private ChromiumClient(IPage page) => _page = page;

    internal static async Task<StreamClient> StartAsync(Chromium chromium, Uri events)
    {
        var page = await chromium.OpenAsync(new Uri(events, "/"));
        var client = new ChromiumClient(page);
        await page.ExposeFunctionAsync<string>("report", client.Add);
        await page.EvaluateAsync(
            """
            events => {
              window.source = new EventSource(events);
              source.onerror = () => report(JSON.stringify({ error: "error" }));
              source.onmessage = event => {
                report(JSON.stringify({ message: event.data }));
                JSON.parse(event.data);
              };
            }
            """,
            events.ToString());
        return client;
    }

    public override async ValueTask DisposeAsync() => await _page.CloseAsync();

    /// <summary>Closes the source and waits for a last report, which comes after all other reports.</summary>
    private protected override Task EndAsync() => _page.EvaluateAsync(
        """
        () => {
          source.close();
          return report(JSON.stringify({ error: "closed" }));
        }
        """);
}
