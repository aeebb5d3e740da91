using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests the options of a connection's socket during a stream and after it.</summary>
public sealed class ConnectionTimeoutTests
{
    private const string OnlyOnLinux = "TCP_USER_TIMEOUT is an option of Linux.";

    /// <summary>The keepalive that notices a vanished client within the default timeout of 30 seconds.</summary>
    private const string DefaultKeepAlive = "keepalive after 15 s, then 4 probes every 3 s";
    private const int TcpLevel = 6;
    private const int UserTimeout = 18;

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Http2_StreamIsOpenAndAfterIt_HasTheDefaultTimeout(bool tls)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), OnlyOnLinux);
        await using var app = await StartAsync();
        var http = app.NewClient(HttpVersion.Version20, tls);
        (await http.GetStringAsync("/timeout")).Should().Be("0, keepalive off");

        using var first = await LineClient.OpenAsync(http, "/events");
        using var second = await LineClient.OpenAsync(http, "/events");
        (await http.GetStringAsync("/timeout")).Should().Be($"30000, {DefaultKeepAlive}");
        app.Publisher.GetSubscribers()[0].Close();
        await first.RestAsync();

        (await http.GetStringAsync("/timeout")).Should().Be($"30000, {DefaultKeepAlive}", "the other stream needs the timeout");
    }

    [SkippableFact]
    public async Task Http11_NextRequestOfTheConnection_HasTheSystemsTimeoutAgain()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), OnlyOnLinux);
        await using var app = await StartAsync();
        using var client = await app.ConnectAsync();
        for (var i = 0; i < 3; i++)
        {
            await client.GetAsync("/events");
            await client.ReadToAsync("text/event-stream");
            await Limits.UntilAsync(() => app.Publisher.GetSubscribers().Count == 1);
            UserTimeoutOf(app).Should().Be(30_000);
            app.Publisher.Close();
            await client.ReadToAsync("0\r\n\r\n");

            await client.GetAsync("/timeout");

            (await client.ReadToAsync(DefaultKeepAlive)).Should().EndWith($"\r\n0, {DefaultKeepAlive}");
        }
    }

    [SkippableTheory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Socket_HasATimeoutOfTheApplication_KeepsIt(string version)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), OnlyOnLinux);
        await using var app = await StartAsync(builder => builder.Services.Configure<SocketTransportOptions>(transport =>
            transport.CreateBoundListenSocket = endpoint =>
            {
                var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
                socket.SetRawSocketOption(TcpLevel, UserTimeout, BitConverter.GetBytes(7_000));
                socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 77);
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, optionValue: true);
                return socket;
            }));
        var http = app.NewClient(Version.Parse(version));
        using var client = await LineClient.OpenAsync(http, "/events");
        UserTimeoutOf(app).Should().Be(7_000);

        app.Publisher.Close();
        await client.RestAsync();

        (await http.GetStringAsync("/timeout")).Should().StartWith("7000, keepalive after 77 s");
    }

    [SkippableFact]
    public async Task UnresponsiveTimeout_IsInfinite_LeavesTheSocketAlone()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), OnlyOnLinux);
        await using var app = await StartAsync(builder =>
            builder.Services.Configure<EventStreamOptions>(options => options.UnresponsiveTimeout = Timeout.InfiniteTimeSpan));
        var http = app.NewClient(HttpVersion.Version20);
        using var client = await LineClient.OpenAsync(http, "/events");

        (await http.GetStringAsync("/timeout")).Should().Be("0, keepalive off");
    }

    /// <summary>Starts an application that reports the options of a request's socket, and keeps the last socket.</summary>
    private static Task<TestApplication> StartAsync(Action<WebApplicationBuilder>? configure = null) =>
        TestApplication.StartAsync(
            builder =>
            {
                builder.Services.AddServerSentEvents(options => options.HeartbeatInterval = null);
                builder.Services.AddSingleton<LastSocket>();
                configure?.Invoke(builder);
            },
            app =>
            {
                app.Use((context, next) =>
                {
                    app.Services.GetRequiredService<LastSocket>().Value = SocketOf(context);
                    return next(context);
                });
                app.MapServerSentEvents("/events");
                app.MapGet("/timeout", (HttpContext context) => Describe(SocketOf(context)));
            });

    private static Socket SocketOf(HttpContext context) => context.Features.Get<IConnectionSocketFeature>()!.Socket;

    private static int UserTimeoutOf(TestApplication app) => UserTimeoutOf(app.Services.GetRequiredService<LastSocket>().Value!);

    private static int UserTimeoutOf(Socket socket)
    {
        var value = new byte[sizeof(int)];
        socket.GetRawSocketOption(TcpLevel, UserTimeout, value);
        return BitConverter.ToInt32(value);
    }

    private static string Describe(Socket socket)
    {
        var keepAlive = (int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive)! == 0
            ? "off"
            : $"after {Tcp(SocketOptionName.TcpKeepAliveTime)} s, "
                + $"then {Tcp(SocketOptionName.TcpKeepAliveRetryCount)} probes every {Tcp(SocketOptionName.TcpKeepAliveInterval)} s";
        return string.Create(CultureInfo.InvariantCulture, $"{UserTimeoutOf(socket)}, keepalive {keepAlive}");

        object? Tcp(SocketOptionName option) => socket.GetSocketOption(SocketOptionLevel.Tcp, option);
    }

    private sealed class LastSocket
    {
        internal Socket? Value { get; set; }
    }
}
