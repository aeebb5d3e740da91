using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using ServerSentEvents.Backplane;

namespace ServerSentEvents.RabbitMQ.Internal;

/// <summary>A stream of a RabbitMQ broker, over AMQP 0-9-1.</summary>
internal sealed class RabbitMQTransport(RabbitMQSettings settings) : IStreamTransport
{
    private readonly RabbitMQDeclaration _declaration = new(settings);

    public string Broker => "rabbitmq";

    public string Stream => settings.StreamName;

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
            "reading", connection => Task.FromResult<IStreamReader>(new RabbitMQReader(connection, Stream, settings.Prefetch)), cancellationToken);

    private async Task<T> OpenAsync<T>(string direction, Func<IConnection, Task<T>> open, CancellationToken cancellationToken)
    {
        var name = $"ServerSentEvents {Stream} {direction}";
        IConnection? connection = null;
        try
        {
            connection = await (settings.Endpoints.Length > 0
                ? settings.ConnectionFactory.CreateConnectionAsync(settings.Endpoints, name, cancellationToken)
                : settings.ConnectionFactory.CreateConnectionAsync(name, cancellationToken)).ConfigureAwait(false);
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
