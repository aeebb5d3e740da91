using System.Net;

namespace ServerSentEvents.LoadTest.Servers;

/// <summary>The process of a server on Kestrel. It says where it listens, and lives for as long as its input is open.</summary>
internal static class WebServer
{
    internal const string Path = "/events";

    /// <summary>What the line begins with that tells the port.</summary>
    internal const string Listening = "listening ";

    internal static async Task RunAsync(ServerKind kind, bool inline)
    {
        var streams = kind.NewStreams!();
        var builder = WebApplication.CreateBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            // Those who publish wait while others are measured, as nginx lets them too.
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromHours(1);
        });
        if (inline)
            builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        streams.Register(builder.Services);
        await using var app = builder.Build();
        streams.Map(app, Path);
        app.MapPost("/publish", async (HttpRequest request) =>
        {
            using var reader = new StreamReader(request.Body);
            streams.Publish(await reader.ReadToEndAsync());
            return TypedResults.NoContent();
        });
        await app.StartAsync();

        Console.WriteLine($"{Listening}{new Uri(app.Urls.First()).Port}");
        await Console.In.ReadToEndAsync();
        // Its clients have gone with whoever closed the input, or soon will: nobody is there to be told of the end.
        Environment.Exit(0);
    }
}
