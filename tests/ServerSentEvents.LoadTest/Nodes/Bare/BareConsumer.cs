using RabbitMQ.Client;

namespace ServerSentEvents.LoadTest.Nodes.Bare;

/// <summary>Consumes messages of one event each.</summary>
internal sealed class BareConsumer(IChannel channel, Inbox inbox) : AsyncDefaultBasicConsumer(channel)
{
    internal const ushort Prefetch = 2000;

    private const int AcknowledgedTogether = Prefetch / 8;

    private int _unacknowledged;

    public override async Task HandleBasicDeliverAsync(
        string consumerTag,
        ulong deliveryTag,
        bool redelivered,
        string exchange,
        string routingKey,
        IReadOnlyBasicProperties properties,
        ReadOnlyMemory<byte> body,
        CancellationToken cancellationToken = default)
    {
        try
        {
            inbox.Receive(body.Span[(Overhead.OfMessage + Overhead.OfEvent)..]);
            if (++_unacknowledged < AcknowledgedTogether)
                return;
            _unacknowledged = 0;
            await Channel.BasicAckAsync(deliveryTag, multiple: true, cancellationToken);
        }
        catch (Exception exception)
        {
            inbox.Fail(exception);
        }
    }
}
