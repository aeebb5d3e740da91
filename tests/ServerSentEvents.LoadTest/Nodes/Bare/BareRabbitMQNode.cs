using System.Diagnostics;
using System.Text;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace ServerSentEvents.LoadTest.Nodes.Bare;

/// <summary>
/// A node that uses RabbitMQ.Client alone, as fast as possible, with a message for each event. One connection publishes and
/// counts confirmations. Another connection consumes, with the prefetch and the acknowledgements of the backplane.
/// </summary>
internal sealed class BareRabbitMQNode : INode
{
    private const int EnvelopeBytes = Overhead.OfMessage + Overhead.OfEvent;

    private static readonly CachedString DefaultExchange = new("");
    private static readonly BasicProperties NoProperties = new();

    /// <summary>The arguments with which the backplane creates a stream.</summary>
    private static readonly Dictionary<string, object?> StreamArguments = new(StringComparer.Ordinal)
    {
        ["x-queue-type"] = "stream",
        ["x-max-age"] = "86400s",
        ["x-max-length-bytes"] = 1L << 30,
        ["x-stream-max-segment-size-bytes"] = (1L << 30) / 10,
    };

    private readonly Confirmations _confirmations = new();
    private readonly IConnection _publishing;
    private readonly IConnection _consuming;
    private readonly IChannel _channel;
    private readonly CachedString _stream;

    private ulong _published;

    private BareRabbitMQNode(IConnection publishing, IConnection consuming, IChannel channel, string stream, Inbox inbox)
    {
        (_publishing, _consuming, _channel, _stream, Inboxes) = (publishing, consuming, channel, new CachedString(stream), [inbox]);
        channel.BasicAcksAsync += (_, ack) =>
        {
            _confirmations.Confirm(ack.DeliveryTag, ack.Multiple);
            return Task.CompletedTask;
        };
    }

    public IReadOnlyList<Inbox> Inboxes { get; }

    internal static async Task<INode> ConnectAsync(ConnectionFactory factory, string stream, Inbox inbox)
    {
        var confirmed = new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: false);
        var (publishing, channel) = await OpenAsync(factory, confirmed, channel =>
            channel.QueueDeclareAsync(stream, durable: true, exclusive: false, autoDelete: false, StreamArguments));
        var (consuming, _) = await OpenAsync(factory, options: null, async channel =>
        {
            await channel.BasicQosAsync(0, BareConsumer.Prefetch, global: false);
            await channel.BasicConsumeAsync(
                stream, autoAck: false, consumerTag: "", noLocal: false, exclusive: false,
                new Dictionary<string, object?>(StringComparer.Ordinal) { ["x-stream-offset"] = "first" },
                new BareConsumer(channel, inbox));
        });
        return new BareRabbitMQNode(publishing, consuming, channel, stream, inbox);
    }

    public async ValueTask PublishAsync(string data, int inFlight)
    {
        var body = new byte[EnvelopeBytes + data.Length];
        Encoding.UTF8.GetBytes(data, body.AsSpan(EnvelopeBytes));
        if (++_published > (ulong)inFlight)
            await _confirmations.ReachedAsync(_published - (ulong)inFlight);
        await _channel.BasicPublishAsync(DefaultExchange, _stream, mandatory: true, NoProperties, body);
    }

    public Task FlushAsync() => _confirmations.ReachedAsync(_published);

    public async ValueTask DisposeAsync()
    {
        await _publishing.DisposeAsync();
        await _consuming.DisposeAsync();
    }

    /// <summary>
    /// Opens a connection with a channel, and uses the channel. While a new stream has no replica, the broker closes channels and
    /// connections that use it, so each attempt has its own.
    /// </summary>
    private static async Task<(IConnection Connection, IChannel Channel)> OpenAsync(
        ConnectionFactory factory, CreateChannelOptions? options, Func<IChannel, Task> use)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            var connection = await factory.CreateConnectionAsync();
            try
            {
                var channel = await connection.CreateChannelAsync(options);
                await use(channel);
                return (connection, channel);
            }
            catch (OperationInterruptedException) when (Stopwatch.GetElapsedTime(start) < NodeProgram.Patience)
            {
                await connection.DisposeAsync();
                await Task.Delay(TimeSpan.FromMilliseconds(100));
            }
        }
    }
}
