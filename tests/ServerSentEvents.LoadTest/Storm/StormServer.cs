using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using ServerSentEvents.LoadTest.Servers;

namespace ServerSentEvents.LoadTest.Storm;

/// <summary>The process of a server in a storm. Writes its ports, and shuts down gracefully when its input ends.</summary>
internal static class StormServer
{
    internal static async Task RunAsync(Setup setup, TimeSpan jitter)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Error).AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => WebServer.ListenForClients(listen, setup));
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        builder.Services.AddServerSentEvents(options =>
            (options.ReconnectionInterval, options.ReconnectionJitter) = (TimeSpan.FromSeconds(1), jitter));
        await using var app = builder.Build();
        app.MapServerSentEvents(WebServer.Path);

        var arrivals = new ConcurrentQueue<long>();
        app.Services.GetRequiredService<Publisher>().Subscribed += (_, _) => arrivals.Enqueue(Stopwatch.GetTimestamp());
        app.MapGet("/count", (Publisher publisher) => publisher.GetAllSubscribers().Count);
        app.MapGet("/arrivals", () => arrivals);
        await app.StartAsync();

        var ports = app.Urls.Select(url => new Uri(url).Port).ToList();
        Console.WriteLine($"{WebServer.Listening}{ports[0]} {ports[1]}");
        await Console.In.ReadToEndAsync();
        await app.StopAsync();
    }
}
