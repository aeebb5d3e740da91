using System.Text;
using RabbitMQ.Client;

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
        var publishing = await factory.CreateConnectionAsync();
        var confirmed = new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: false);
        var channel = await publishing.CreateChannelAsync(confirmed);
        await channel.QueueDeclareAsync(stream, durable: true, exclusive: false, autoDelete: false, StreamArguments);

        var consuming = await factory.CreateConnectionAsync();
        var reading = await consuming.CreateChannelAsync();
        await reading.BasicQosAsync(0, BareConsumer.Prefetch, global: false);
        await reading.BasicConsumeAsync(
            stream, autoAck: false, consumerTag: "", noLocal: false, exclusive: false,
            new Dictionary<string, object?>(StringComparer.Ordinal) { ["x-stream-offset"] = "first" },
            new BareConsumer(reading, inbox));
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
}
