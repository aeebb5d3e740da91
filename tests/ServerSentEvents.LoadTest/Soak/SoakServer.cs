using System.Globalization;
using System.Net;
using System.Net.ServerSentEvents;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Console;
using ServerSentEvents.AspNetCore;
using ServerSentEvents.LoadTest.Nodes.Brokers;
using ServerSentEvents.LoadTest.Servers;

namespace ServerSentEvents.LoadTest.Soak;

/// <summary>The process of a server in the soak. Writes its ports, and ends when its input ends.</summary>
/// <remarks>
/// The bounds are small, so that clients that do not read reach them soon. The history is large enough for every client that
/// resumes.
/// </remarks>
internal static class SoakServer
{
    /// <summary>The type of the first event of a stream that does not resume.</summary>
    internal const string StartEvent = "start";

    /// <summary>The type of the event after a resume that has missed events.</summary>
    internal const string GapEvent = "gap";

    internal static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(3);

    private const int BufferBytes = 16 * 1024;

    internal static async Task RunAsync(Setup setup, Broker? broker, int brokerPort)
    {
        var builder = WebApplication.CreateBuilder();
        // The parent reads no log. Kestrel logs an error for many connections that the system has timed out.
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => WebServer.ListenForClients(listen, setup));
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Limits.MaxResponseBufferSize = BufferBytes;
        });
        builder.WebHost.UseSockets(sockets => sockets.CreateBoundListenSocket = endpoint =>
        {
            var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
            socket.SendBufferSize = BufferBytes;
            return socket;
        });
        builder.Services.Configure<EventStreamOptions>(options => options.UnresponsiveTimeout = TimeSpan.FromSeconds(5));
        builder.Services.AddServerSentEvents(SetBounds);
        using var log = LoggerFactory.Create(WriteWarnings);
        await using var app = builder.Build();
        var publisher = app.Services.GetRequiredService<Publisher>();
        await using var backplane = broker is null ? null : await broker.ConnectAsync(publisher, brokerPort, "soak", log);
        while (backplane is { IsCaughtUp: false })
            await Task.Delay(50);
        Map(app, publisher, backplane is null ? publisher : backplane);
        await app.StartAsync();

        var ports = app.Urls.Select(url => new Uri(url).Port).ToList();
        Console.WriteLine($"{WebServer.Listening}{ports[0]} {ports[1]}");
        await Console.In.ReadToEndAsync();
        // The clients have left, so no orderly end is needed.
        Environment.Exit(0);
    }

    /// <summary>Writes warnings of the backplane to the error output. A gap without a cause would be hard to explain.</summary>
    private static void WriteWarnings(ILoggingBuilder logging)
    {
        logging.SetMinimumLevel(LogLevel.Warning);
        logging.AddSimpleConsole(console => (console.SingleLine, console.TimestampFormat) = (true, "HH:mm:ss "));
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }

    private static void SetBounds(PublisherOptions options)
    {
        options.QueueCapacityBytes = 32 * 1024;
        options.HeartbeatInterval = HeartbeatInterval;
        options.LingerTimeout = TimeSpan.FromSeconds(3);
        options.HistoryCapacity = 256;
        options.GapEvent = new SseItem<string>("-", GapEvent);
        options.ReconnectionInterval = TimeSpan.FromMilliseconds(200);
        options.ReconnectionJitter = TimeSpan.FromSeconds(1);
    }

    private static void Map(WebApplication app, Publisher publisher, IEventPublisher events)
    {
        var failures = 0;
        app.Use(async (context, next) =>
        {
            try
            {
                await next(context);
            }
            catch (Exception exception)
            {
                Interlocked.Increment(ref failures);
                await Console.Error.WriteLineAsync($"{context.Request.Path}: {exception}");
                throw;
            }
        });
        app.MapGet(WebServer.Path, (string channel, int? nonReader) => publisher.ToResult(new()
        {
            Channels = channel,
            Properties = nonReader,
            InitialData = [new SseItem<string>("-", StartEvent)],
        }));
        app.MapPost("/publish", async (HttpRequest request) =>
        {
            using var reader = new StreamReader(request.Body);
            var tasks = new List<Task>();
            while (await reader.ReadLineAsync() is { } line)
            {
                if (line.Split(' ') is not [var channel, var number, var length])
                    throw new InvalidDataException($"'{line}' is not an event.");
                tasks.Add(events.PublishAsync($"{channel} {number} {new string('x', Parse.Number(length))}", channel).AsTask());
            }

            await Task.WhenAll(tasks);
        });
        app.MapGet("/state", () =>
        {
            var subscriptions = publisher.GetAllSubscribers();
            return new SoakState(subscriptions.Count, [.. subscriptions.Select(subscription => subscription.Properties).OfType<int>()], failures);
        });
        app.MapPost("/collect", () =>
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            return GC.GetTotalMemory(forceFullCollection: false).ToString(CultureInfo.InvariantCulture);
        });
    }
}
