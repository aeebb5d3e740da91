using Microsoft.Playwright;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>
/// A page with an <c>EventSource</c> and a log of its events. The test closes the page at its end, so that the server can stop
/// without waiting for the page.
/// </summary>
internal sealed class EventSourcePage : IAsyncDisposable
{
    private readonly IPage _page;

    private EventSourcePage(IPage page) => _page = page;

    /// <summary>Opens a page of the server, and a stream in it.</summary>
    internal static async Task<EventSourcePage> OpenAsync(Chromium chromium, Uri server, string events = "/events")
    {
        var page = new EventSourcePage(await chromium.OpenAsync(server));
        await page._page.EvaluateAsync(
            """
            events => {
              window.log = [];
              window.connect = events => {
                window.source = new EventSource(events, { withCredentials: true });
                source.onopen = () => log.push("open");
                source.onerror = () => log.push(source.readyState === EventSource.CLOSED ? "closed" : "error");
                source.onmessage = event => {
                  window.lastEventId = event.lastEventId;
                  log.push(event.data);
                };
              };
              connect(events);
            }
            """,
            events);
        return page;
    }

    internal async Task WaitForAsync(string condition) => await _page.WaitForFunctionAsync($"() => {condition}");

    /// <summary>Waits until the stream has been opened a number of times.</summary>
    internal Task WaitForOpensAsync(int count) => WaitForAsync($"log.filter(line => line === 'open').length === {count}");

    internal async Task RunAsync(string script) => await _page.EvaluateAsync(script);

    internal async Task<string[]> LogAsync() => await _page.EvaluateAsync<string[]>("() => log");

    /// <summary>Returns the data of all messages of the page.</summary>
    internal async Task<IEnumerable<string>> MessagesAsync() =>
        (await LogAsync()).Where(line => line is not ("open" or "error" or "closed"));

    public async ValueTask DisposeAsync() => await _page.CloseAsync();
}
