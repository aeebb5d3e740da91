using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Starts applications whose streams end by time.</summary>
internal static class LifetimeApplication
{
    internal static Task<TestApplication> StartWithCookiesAsync(
        TimeProvider time, TimeSpan lifetime, bool slides = false, Action<EventStreamOptions>? configure = null) =>
        TestApplication.StartAsync(
            builder =>
            {
                AddEvents(builder, time, configure);
                SignIns.AddCookies(builder.Services, lifetime, slides);
            },
            app =>
            {
                SignIns.MapSignIn(app);
                app.MapServerSentEvents("/events").RequireAuthorization();
                app.MapGet("/result", (Publisher publisher) => publisher.ToResult(new())).RequireAuthorization();
                app.MapGet("/other", () => "").RequireAuthorization();
            });

    internal static Task<TestApplication> StartWithTokensAsync(TimeProvider time, Action<EventStreamOptions>? configure = null) =>
        TestApplication.StartAsync(
            builder =>
            {
                AddEvents(builder, time, configure);
                Tokens.Add(builder.Services);
            },
            app =>
            {
                app.MapServerSentEvents("/events").RequireAuthorization();
                app.MapGet("/result", (Publisher publisher) => publisher.ToResult(new())).RequireAuthorization();
            });

    internal static Task<TestApplication> StartAsync(TimeProvider time, Action<EventStreamOptions>? configure = null) =>
        TestApplication.StartAsync(
            builder => AddEvents(builder, time, configure),
            app =>
            {
                app.MapServerSentEvents("/events");
                app.MapGet("/result", (Publisher publisher) => publisher.ToResult(new()));
                app.MapGet("/subscription", (Publisher publisher) => publisher.Subscribe().ToResult());
            });

    private static void AddEvents(WebApplicationBuilder builder, TimeProvider time, Action<EventStreamOptions>? configure)
    {
        builder.Services.AddSingleton(time);
        builder.Services.AddServerSentEvents(options => (options.HeartbeatInterval, options.HistoryCapacity) = (null, 10));
        if (configure is not null)
            builder.Services.Configure(configure);
    }
}
