using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using ServerSentEvents.Backplane;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>A stream of a RabbitMQ broker, over AMQP 0-9-1.</summary>
internal sealed class RabbitMQTransport : IStreamTransport
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan ContinuationTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ConnectionTimeout = TimeSpan.FromSeconds(5);

    private readonly ConnectionFactory _factory;
    private readonly AmqpTcpEndpoint[] _endpoints;
    private readonly RabbitMQDeclaration _declaration;
    private readonly ushort _prefetch;

    internal RabbitMQTransport(RabbitMQSettings settings)
    {
        (_factory, _endpoints, Stream, _prefetch) = (settings.ConnectionFactory, settings.Endpoints, settings.StreamName, settings.Prefetch);
        // The recovery of the library would start to read at the first position again.
        _factory.AutomaticRecoveryEnabled = false;
        _factory.TopologyRecoveryEnabled = false;
        if (_factory.RequestedHeartbeat == ConnectionFactory.DefaultHeartbeat)
            _factory.RequestedHeartbeat = Heartbeat;
        if (_factory.ContinuationTimeout == Constants.DefaultContinuationTimeout)
            _factory.ContinuationTimeout = ContinuationTimeout;
        // The library tries one address after the other, and a machine that is down does not answer.
        if (_factory.RequestedConnectionTimeout == ConnectionFactory.DefaultConnectionTimeout)
            _factory.RequestedConnectionTimeout = ConnectionTimeout;
        _declaration = new RabbitMQDeclaration(settings);
    }

    public string Broker => "rabbitmq";

    public string Stream { get; }

    public Task<IStreamWriter> OpenWriterAsync(IStreamWriterObserver observer, CancellationToken cancellationToken) =>
        OpenAsync<IStreamWriter>(
            "publishing",
            async connection =>
            {
                var options = new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: false);
                var channel = await connection.CreateChannelAsync(options, cancellationToken).ConfigureAwait(false);
                return new RabbitMQWriter(connection, channel, Stream, observer);
            },
            cancellationToken);

    public Task<IStreamReader> OpenReaderAsync(CancellationToken cancellationToken) =>
        OpenAsync<IStreamReader>(
            "reading", connection => Task.FromResult<IStreamReader>(new RabbitMQReader(connection, Stream, _prefetch)), cancellationToken);

    private async Task<T> OpenAsync<T>(string direction, Func<IConnection, Task<T>> open, CancellationToken cancellationToken)
    {
        var name = $"ServerSentEvents {Stream} {direction}";
        IConnection? connection = null;
        try
        {
            connection = await (_endpoints.Length > 0
                ? _factory.CreateConnectionAsync(_endpoints, name, cancellationToken)
                : _factory.CreateConnectionAsync(name, cancellationToken)).ConfigureAwait(false);
            await _declaration.EnsureAsync(connection, cancellationToken).ConfigureAwait(false);
            return await open(connection).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            if (connection is not null)
                await connection.CloseQuietlyAsync().ConfigureAwait(false);
            if (exception is RabbitMQClientException or IOException)
                throw RabbitMQErrors.Explain(exception);
            throw;
        }
    }
}
