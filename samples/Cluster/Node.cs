using System.Net.ServerSentEvents;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using ServerSentEvents;

namespace Cluster;

/// <summary>A node: an ordinary application with one more registration.</summary>
internal static class Node
{
    public static WebApplication Build(WebApplicationBuilder builder, string name, Broker broker)
    {
        // Each subscriber's properties are the secret of its page.
        builder.Services.AddServerSentEvents<string>(options =>
        {
            options.HistoryCapacity = 1_000;
            options.ReconnectionInterval = TimeSpan.FromMilliseconds(200);
        });
        broker.AddTo(builder.Services);
        // The load balancer reads the node's address from the standard output, so logs go to the standard error.
        builder.Logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);
        builder.Logging.AddFilter("ServerSentEvents.Backplane", LogLevel.Error);

        var app = builder.Build();
        var nodeId = Guid.NewGuid();
        app.UsePage();

        // A browser that reconnects sends the header. A page that creates a new EventSource sends the query.
        app.MapGet("/events", (
            string pageSecret, [FromHeader(Name = "Last-Event-ID")] string? lastEventId, string? after, Publisher<string> publisher) =>
        {
            // A subscription, and not ToResult(options), because the welcome says how the stream resumes.
            var subscription = publisher.Subscribe(
                new SubscribeOptions<string> { Properties = pageSecret, LastEventId = lastEventId ?? after });
            // The node's own publisher sends this to the one page, without an id. The broker and the other node do not see it.
            var welcome = Message.NewEvent("welcome", new { Node = name, NodeId = nodeId, How = subscription.Resume.ToString() });
            publisher.Publish(other => ReferenceEquals(other, pageSecret) ? welcome : null);
            return subscription.ToResult();
        });

        app.MapPost("/messages", (Message message, IEventPublisher events) => message.IsValid
            ? PublishAsync(events, Message.NewEvent("message", message with { Node = name }))
            : Task.FromResult(Results.BadRequest("A name or a message is blank or too long.")));

        // Any node can take the request. The right one reads it in the stream.
        app.MapPost("/nodes/{which:guid}/stop", (Guid which, IEventPublisher events) =>
            PublishAsync(events, Message.NewEvent("stop", new { NodeId = which })));

        app.Lifetime.ApplicationStarted.Register(() =>
        {
            _ = AnnounceAsync(app, name, broker);
            _ = StopOnRequestAsync(app, nodeId);
        });
        _ = StopWithLoadBalancerAsync(app.Lifetime);
        return app;
    }

    private static async Task<IResult> PublishAsync(IEventPublisher events, SseItem<string> item)
    {
        try
        {
            await events.PublishAsync(item);
            return Results.NoContent();
        }
        catch (TimeoutException)
        {
            return Results.StatusCode(StatusCodes.Status503ServiceUnavailable);
        }
    }

    /// <summary>Tells the load balancer the address as soon as this node is ready for clients.</summary>
    private static async Task AnnounceAsync(WebApplication app, string name, Broker broker)
    {
        var health = app.Services.GetRequiredService<HealthCheckService>();
        string? reported = null;
        while (await health.CheckHealthAsync() is { Status: not HealthStatus.Healthy } report)
        {
            var obstacle = report.Entries.Values.FirstOrDefault(entry => entry.Status != HealthStatus.Healthy).Description ?? "";
            if (obstacle != reported)
            {
                reported = obstacle;
                await Console.Error.WriteLineAsync($"Node {name} is not ready yet. {obstacle} {broker.Advice}");
            }

            // A health check raises no event when its result changes.
            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }

        Console.WriteLine(app.Urls.First());
    }

    private static async Task StopOnRequestAsync(WebApplication app, Guid nodeId)
    {
        var publisher = app.Services.GetRequiredService<Publisher<string>>();
        // The subscription ends when the broker loses its stream.
        while (!app.Lifetime.ApplicationStopping.IsCancellationRequested)
        {
            using var subscription = publisher.Subscribe(new SubscribeOptions<string> { Properties = "" });
            await foreach (var item in subscription.AsItems())
            {
                if (item.EventType == "stop" && JsonDocument.Parse(item.Data).RootElement.GetProperty("nodeId").GetGuid() == nodeId)
                    app.Lifetime.StopApplication();
            }
        }
    }

    /// <summary>Stops this node when the load balancer ends: the standard input, to which nothing is written, closes then.</summary>
    private static async Task StopWithLoadBalancerAsync(IHostApplicationLifetime lifetime)
    {
        await using var input = Console.OpenStandardInput();
        await input.CopyToAsync(Stream.Null);
        // A host that is stopped while it starts reports a failure.
        if (!lifetime.ApplicationStarted.IsCancellationRequested)
            Environment.Exit(0);
        lifetime.StopApplication();
    }
}
