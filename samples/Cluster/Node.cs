using Microsoft.AspNetCore.Mvc;
using RabbitMQ.Client;
using ServerSentEvents;

namespace Cluster;

/// <summary>One of the nodes: an application as any other, with one registration more than for one machine.</summary>
internal static class Node
{
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

    public static WebApplication Build(WebApplicationBuilder builder, string name, Uri broker)
    {
        builder.Services.AddServerSentEvents<Member>(options =>
        {
            options.HistoryCapacity = 1_000;
            options.ReconnectionInterval = TimeSpan.FromMilliseconds(200);
        });
        builder.Services.AddServerSentEventsRabbitMQ<Member>(options =>
        {
            options.ConnectionFactory = new ConnectionFactory { Uri = broker };
            options.StreamName = "cluster-sample";
            options.PublishTimeout = TimeSpan.FromSeconds(5);
            options.Personalise = Message.Personalise;
        });
        builder.Services.AddSingleton(provider => ActivatorUtilities.CreateInstance<Room>(provider, name));
        builder.Services.AddHostedService(provider => provider.GetRequiredService<Room>());
        builder.Services.AddHealthChecks().AddCheck<Room>("room");
        // The entrance has the standard output, and says what there is to say of a missing broker.
        builder.Logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);
        builder.Logging.AddFilter("ServerSentEvents.RabbitMQ", LogLevel.Error);

        var app = builder.Build();
        app.Use((context, next) =>
        {
            context.Response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
            context.Response.Headers.XContentTypeOptions = "nosniff";
            context.Response.Headers.CacheControl = "no-cache";
            return next(context);
        });
        app.UseDefaultFiles();
        app.UseStaticFiles();
        app.MapHealthChecks("/health");

        app.MapGet("/events", (string member, [FromHeader(Name = "Last-Event-ID")] string? lastEventId, Room room) =>
            room.Join(new Member(member), lastEventId).ToResult());

        app.MapPost("/messages", async (MessageRequest request, Room room) =>
            !request.IsFit() ? Results.BadRequest("A name or a message cannot be blank or too long.")
            : await room.SayAsync(request) ? Results.NoContent()
            : Results.StatusCode(StatusCodes.Status503ServiceUnavailable));

        // Whichever node takes the request: the one that is meant reads it in the stream.
        app.MapPost("/nodes/{name:length(1)}/stop/{run}", async (string name, Guid run, Room room) =>
            await room.AskToStopAsync(name, run) ? Results.NoContent() : Results.StatusCode(StatusCodes.Status503ServiceUnavailable));

        // For another node, and nobody else knows the way here.
        app.MapGet("/begin", (Room room) => room.Begin);

        app.Lifetime.ApplicationStarted.Register(() => Console.WriteLine(app.Urls.First()));
        _ = StopWithEntranceAsync(app.Lifetime);
        return app;
    }

    /// <summary>Nothing is ever written to a node's standard input: it ends when the entrance closes it, or has ended itself.</summary>
    private static async Task StopWithEntranceAsync(IHostApplicationLifetime lifetime)
    {
        await using var input = Console.OpenStandardInput();
        await input.CopyToAsync(Stream.Null);
        // As long as it starts nobody is connected, and a host that is stopped then takes it for a failure.
        if (!lifetime.ApplicationStarted.IsCancellationRequested)
            Environment.Exit(0);
        lifetime.StopApplication();
    }
}
