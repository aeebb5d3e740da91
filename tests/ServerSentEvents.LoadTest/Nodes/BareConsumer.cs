using RabbitMQ.Client;

namespace ServerSentEvents.LoadTest.Nodes;

/// <summary>Takes what is behind the envelope of each message.</summary>
internal sealed class BareConsumer(IChannel channel, int envelopeBytes, Inbox inbox) : AsyncDefaultBasicConsumer(channel)
{
    internal const ushort Prefetch = 2000;

    private const int AcknowledgedAtOnce = Prefetch / 8;

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
            inbox.Receive(body.Span[envelopeBytes..]);
            if (++_unacknowledged < AcknowledgedAtOnce)
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
