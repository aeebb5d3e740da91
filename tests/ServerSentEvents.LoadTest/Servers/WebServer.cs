using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ServerSentEvents.LoadTest.Servers;

/// <summary>The process of a server on Kestrel. Writes its ports, and ends when its input ends.</summary>
internal static class WebServer
{
    internal const string Path = "/events";

    /// <summary>The beginning of the line with the ports for clients and for events.</summary>
    internal const string Listening = "listening ";

    internal static async Task RunAsync(IStreams streams, Setup setup)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => ListenForClients(listen, setup));
            kestrel.Listen(IPAddress.Loopback, 0);
            // Publishing connections must stay open while other servers are measured. nginx also keeps them open.
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromHours(1);
        });
        if (setup.Inline)
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
        BackgroundLoad.Start(setup.Background);

        var ports = app.Urls.Select(url => new Uri(url).Port).ToList();
        Console.WriteLine($"{Listening}{ports[0]} {ports[1]}");
        await Console.In.ReadToEndAsync();
        // The clients end with the process that closed the input, so no orderly end is needed.
        Environment.Exit(0);
    }

    internal static void ListenForClients(ListenOptions listen, Setup setup)
    {
        listen.Protocols = setup.Http2 > 0 ? HttpProtocols.Http2 : HttpProtocols.Http1;
        if (setup.Tls)
            listen.UseHttps(NewCertificate());
    }

    private static X509Certificate2 NewCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var now = DateTimeOffset.UtcNow;
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
