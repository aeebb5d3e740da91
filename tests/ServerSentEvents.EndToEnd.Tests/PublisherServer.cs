using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>A web application on a loopback port that serves the events of a test's publisher, and an empty page.</summary>
internal static class PublisherServer
{
    /// <summary>Starts a server. Port 0 means a free port. The default endpoint is <c>/events</c>.</summary>
    internal static async Task<WebApplication> StartAsync(
        Publisher publisher, int port = 0, Action<WebApplication>? map = null, Action<IServiceCollection>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddCors();
        builder.Services.AddSingleton(publisher);
        builder.Services.AddSingleton<Publisher<object?>>(publisher);
        configure?.Invoke(builder.Services);
        var app = builder.Build();
        app.Urls.Add(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));
        app.MapGet("/", (HttpContext context) =>
        {
            context.Response.Cookies.Append("name", "Ann");
            return Results.Content("<!DOCTYPE html><title>Events</title>", "text/html");
        });
        if (map is null)
            app.MapServerSentEvents("/events");
        else
            map(app);
        await app.StartAsync().WaitAsync(Limits.Patience);
        return app;
    }
}
