using System.Net;
using System.Net.Sockets;
using RabbitMQ.Client;
using ServerSentEvents.RabbitMQ.Internal;

namespace ServerSentEvents.RabbitMQ.Tests;

/// <summary>Tests a server that accepts connections and stays silent, such as a broker whose process hangs.</summary>
public sealed class SilentServerTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Start_ServerStaysSilent_LogsTimeoutAndReconnects(bool hasTls)
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var time = new FakeTimeProvider();
        var factory = new ConnectionFactory
        {
            Port = ((IPEndPoint)server.LocalEndpoint).Port,
            // The node gives up by the fake clock. On a busy machine, the client library would give up before.
            RequestedConnectionTimeout = Limits.Patience,
            HandshakeContinuationTimeout = Limits.Patience,
            ContinuationTimeout = Limits.Patience,
        };
        factory.Ssl.Enabled = hasTls;
        var transport = new RabbitMQTransport(RabbitMQSettings.From(new RabbitMQBackplaneOptions<string> { ConnectionFactory = factory }));
        await using var node = TestNode.Start(transport, options => options.TimeProvider = time);
        var clients = new List<TcpClient>();
        try
        {
            // One connection reads, and one publishes.
            while (clients.Count < 2)
                clients.Add(await server.AcceptTcpClientAsync().WithinPatience());

            time.Advance(TimeSpan.FromMinutes(1));

            await Limits.UntilAsync(() => node.HasLostConnections);
            node.Log.Warnings.Should().OnlyContain(line => line.Contains("The broker has not answered in time.", StringComparison.Ordinal));
            var next = server.AcceptTcpClientAsync();
            await Limits.UntilAsync(() =>
            {
                time.Advance(TimeSpan.FromMilliseconds(100));
                return next.IsCompleted;
            });
            clients.Add(await next);
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }
}
