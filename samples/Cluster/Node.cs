using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using ServerSentEvents;

namespace Cluster;

/// <summary>A node: an ordinary application with one more registration.</summary>
internal sealed class Node
{
    private readonly Broker _broker;
    private readonly WebApplication _app;
    private Task _running = Task.CompletedTask;

    public Node(string name, Broker broker, Action<string> stopNode)
    {
        (Name, _broker) = (name, broker);
        _app = Build(stopNode);
    }

    public string Name { get; }

    /// <summary>The address of the node; null until the node is ready for clients.</summary>
    public Uri? Address { get; private set; }

    public async Task StartAsync()
    {
        await _app.StartAsync();
        _running = _app.WaitForShutdownAsync();
        _ = WaitForBrokerAsync();
    }

    public Task StopAsync()
    {
        _app.Lifetime.StopApplication();
        return _running;
    }

    private WebApplication Build(Action<string> stopNode)
    {
        var builder = SampleApplication.CreateBuilder(["--urls", "http://127.0.0.1:0"], port: 0);
        // Each subscriber's properties are the secret of its page.
        builder.Services.AddServerSentEvents<string>(options =>
        {
            options.HistoryCapacity = 1_000;
            options.ReconnectionInterval = TimeSpan.FromMilliseconds(200);
        });
        _broker.AddTo(builder.Services);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);
        builder.Logging.AddFilter("ServerSentEvents.Backplane", LogLevel.Error);

        var app = builder.Build();
        app.UsePage();

        app.MapGet("/events", (string member, [FromHeader(Name = "Last-Event-ID")] string? lastEventId, Publisher<string> publisher) =>
        {
            var subscription = publisher.Subscribe(new SubscribeOptions<string> { Properties = member, LastEventId = lastEventId });
            // The node's own publisher sends this to the one page, without an id. The broker and the other node do not see it.
            var welcome = Message.NewEvent("welcome", new { Node = Name, How = subscription.Resume.ToString() });
            publisher.Publish(other => ReferenceEquals(other, member) ? welcome : null);
            return subscription.ToResult();
        });

        app.MapPost("/messages", async (Message message, IEventPublisher events) =>
        {
            if (!message.IsValid)
                return Results.BadRequest("A name or a message is blank or too long.");
            try
            {
                await events.PublishAsync(Message.NewEvent("message", message with { Node = Name }));
                return Results.NoContent();
            }
            catch (TimeoutException)
            {
                return Results.StatusCode(StatusCodes.Status503ServiceUnavailable);
            }
        });

        // Any node can take the request, also for another node.
        app.MapPost("/nodes/{name}/stop", (string name) => stopNode(name));
        return app;
    }

    private async Task WaitForBrokerAsync()
    {
        var health = _app.Services.GetRequiredService<HealthCheckService>();
        for (var isFirst = true; (await health.CheckHealthAsync()).Status != HealthStatus.Healthy; isFirst = false)
        {
            if (isFirst)
                await Console.Error.WriteLineAsync($"Node {Name} is not ready yet. {_broker.Advice}");
            // A health check raises no event when its result changes.
            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }

        Address = new Uri(_app.Urls.First());
        Console.WriteLine($"Node {Name} is ready.");
    }
}
