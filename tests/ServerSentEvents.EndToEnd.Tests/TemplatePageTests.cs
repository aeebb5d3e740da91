using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>Tests the page of the template in a real browser.</summary>
public sealed class TemplatePageTests(Chromium chromium) : IClassFixture<Chromium>, IAsyncLifetime
{
    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => chromium.CloseAllAsync();

    [SkippableFact]
    public async Task Reconnect_ErrorStatus_PageResumesWithANewEventSource()
    {
        await using var app = await StartAsync();
        var publisher = app.Services.GetRequiredService<Publisher>();
        var page = await chromium.OpenAsync(new Uri(app.Urls.Single()));
        await Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Connected");
        PublishTick(1);
        await Expect(page.Locator("#tick")).ToContainTextAsync("Event 1 at");
        // The page waits for a random time. This makes it the shortest one.
        await page.EvaluateAsync("() => { Math.random = () => 0; }");
        // Answers once as a proxy without a server does.
        await page.RouteAsync(
            "**/events?*",
            route =>
            {
                PublishTick(2);
                return route.FulfillAsync(new() { Status = 502 });
            },
            new() { Times = 1 });

        publisher.Close();

        await Expect(page.Locator("#tick")).ToContainTextAsync("Event 2 at");
        await Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Connected");

        void PublishTick(int number) => publisher.PublishJson(
            new { Number = number, Time = DateTimeOffset.UnixEpoch }, eventType: "tick", options: JsonSerializerOptions.Web);
    }

    private static async Task<WebApplication> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            WebRootPath = RepositoryFiles.PathOf("src/ServerSentEvents.Templates/content/sse/Sse-App/wwwroot"),
        });
        builder.Logging.ClearProviders();
        builder.Services.AddServerSentEvents(options =>
        {
            options.HistoryCapacity = 100;
            options.ReconnectionInterval = TimeSpan.FromMilliseconds(100);
        });
        var app = builder.Build();
        app.UseFileServer();
        app.MapServerSentEvents("/events");
        app.Urls.Add("http://127.0.0.1:0");
        await app.StartAsync().WaitAsync(Limits.Patience);
        return app;
    }
}
