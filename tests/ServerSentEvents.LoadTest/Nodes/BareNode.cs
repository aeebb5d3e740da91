using System.Text;
using RabbitMQ.Client;

namespace ServerSentEvents.LoadTest.Nodes;

/// <summary>
/// The broker's client library alone, as fast as it goes: a connection that publishes, with confirmations counted and never
/// awaited one by one, and a connection that consumes, with the prefetch and the acknowledgements of the backplane.
/// </summary>
internal sealed class BareNode : INode
{
    /// <summary>As many bytes as the backplane adds to the data of an event that shares its message with many.</summary>
    private const int EnvelopeBytes = 37;

    private static readonly CachedString DefaultExchange = new("");
    private static readonly BasicProperties NoProperties = new();

    /// <summary>What the backplane asks for when it makes a stream.</summary>
    private static readonly Dictionary<string, object?> StreamArguments = new(StringComparer.Ordinal)
    {
        ["x-queue-type"] = "stream",
        ["x-max-age"] = "86400s",
        ["x-max-length-bytes"] = 1L << 30,
        ["x-stream-max-segment-size-bytes"] = (1L << 30) / 10,
    };

    private readonly Lock _gate = new();
    private readonly IConnection _publishing;
    private readonly IConnection _consuming;
    private readonly IChannel _channel;
    private readonly CachedString _stream;
    private readonly SortedSet<ulong> _early = [];

    private ulong _published;

    /// <summary>All up to this number are confirmed. Guarded by <see cref="_gate"/>.</summary>
    private ulong _confirmed;

    /// <summary>What the publisher waits for. Guarded by <see cref="_gate"/>.</summary>
    private ulong _awaited;

    private TaskCompletionSource? _waiting;

    private BareNode(IConnection publishing, IConnection consuming, IChannel channel, string stream, Inbox inbox)
    {
        (_publishing, _consuming, _channel, _stream, Inboxes) = (publishing, consuming, channel, new CachedString(stream), [inbox]);
        channel.BasicAcksAsync += (_, ack) =>
        {
            Confirm(ack.DeliveryTag, ack.Multiple);
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
            new BareConsumer(reading, EnvelopeBytes, inbox));
        return new BareNode(publishing, consuming, channel, stream, inbox);
    }

    public async ValueTask PublishAsync(string data, int inFlight)
    {
        var body = new byte[EnvelopeBytes + data.Length];
        Encoding.UTF8.GetBytes(data, body.AsSpan(EnvelopeBytes));
        if (++_published > (ulong)inFlight)
            await ConfirmedAsync(_published - (ulong)inFlight);
        await _channel.BasicPublishAsync(DefaultExchange, _stream, mandatory: true, NoProperties, body);
    }

    public Task FlushAsync() => ConfirmedAsync(_published);

    public async ValueTask DisposeAsync()
    {
        await _publishing.DisposeAsync();
        await _consuming.DisposeAsync();
    }

    private Task ConfirmedAsync(ulong number)
    {
        lock (_gate)
        {
            if (_confirmed >= number)
                return Task.CompletedTask;
            _awaited = number;
            _waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _waiting.Task;
        }
    }

    private void Confirm(ulong number, bool all)
    {
        lock (_gate)
        {
            if (all)
            {
                _confirmed = Math.Max(_confirmed, number);
                _early.RemoveWhere(each => each <= number);
            }
            else
            {
                _early.Add(number);
            }

            while (_early.Remove(_confirmed + 1))
                _confirmed++;
            if (_confirmed < _awaited)
                return;
            _waiting?.TrySetResult();
        }
    }
}
